#include "proxy.h"

Proxy* proxy_make(PyTypeObject* type, PyObject* wrapped) {
  const allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  Proxy* const self = (Proxy*)alloc(type, 0);
  if (self == NULL) return NULL;
  Py_INCREF(wrapped);
  self->wrapped = wrapped;
  self->name_index = -1;
  return self;
}

datamon_stage proxy_stage(int number) {
  return number > 0 && number < DATAMON_MAX_STAGES ? (datamon_stage)number
                                                   : (datamon_stage)DATAMON_NO_STAGE;
}

int proxy_traverse(PyObject* object, visitproc visit, void* arg) {
  Proxy* const self = (Proxy*)object;
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->wrapped);
  Py_VISIT(self->before);
  Py_VISIT(self->after);
  return 0;
}

int proxy_clear(PyObject* object) {
  Proxy* const self = (Proxy*)object;
  Py_CLEAR(self->wrapped);
  Py_CLEAR(self->before);
  Py_CLEAR(self->after);
  return 0;
}

void proxy_dealloc(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  if (((Proxy*)object)->weakrefs != NULL) PyObject_ClearWeakRefs(object);
  proxy_clear(object);
  const freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF(type);
}

static int is_own(PyObject* name) {
  static const char* const own[] = {"__wrapped__", "__call__", "__get__", "__reduce__",
                                    "__reduce_ex__"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; ++i)
    if (PyUnicode_CompareWithASCIIString(name, own[i]) == 0) return 1;
  return 0;
}

PyObject* proxy_getattr(PyObject* object, PyObject* name) {
  return is_own(name) ? PyObject_GenericGetAttr(object, name)
                      : PyObject_GetAttr(((Proxy*)object)->wrapped, name);
}

int proxy_setattr(PyObject* object, PyObject* name, PyObject* value) {
  return PyObject_SetAttr(((Proxy*)object)->wrapped, name, value);
}

PyObject* proxy_repr(PyObject* object) { return PyObject_Repr(((Proxy*)object)->wrapped); }

Py_hash_t proxy_hash(PyObject* object) { return PyObject_Hash(((Proxy*)object)->wrapped); }

PyObject* proxy_compare(PyObject* object, PyObject* other, int operation) {
  if (Py_TYPE(other) == Py_TYPE(object)) other = ((Proxy*)other)->wrapped;
  return PyObject_RichCompare(((Proxy*)object)->wrapped, other, operation);
}

static PyObject* g_function_types; /* tuple: what becomes a method with itself as __func__ */
static PyObject* g_method_type;

int proxy_prepare(void) {
  PyObject* const types = PyImport_ImportModule("types");
  if (types == NULL) return -1;
  g_method_type = PyObject_GetAttrString(types, "MethodType");
  PyObject* const function = PyObject_GetAttrString(types, "FunctionType");
  PyObject* const descriptor = PyObject_GetAttrString(types, "MethodDescriptorType");
  PyObject* const slot = PyObject_GetAttrString(types, "WrapperDescriptorType");
  Py_DECREF(types);
  if (g_method_type != NULL && function != NULL && descriptor != NULL && slot != NULL)
    g_function_types = PyTuple_Pack(3, function, descriptor, slot);
  Py_XDECREF(function);
  Py_XDECREF(descriptor);
  Py_XDECREF(slot);
  return g_function_types != NULL ? 0 : -1;
}

/* What the wrapped descriptor (a staticmethod, a partialmethod) gives, timed alike. */
static PyObject* bind_other(PyObject* object, PyObject* instance, PyObject* owner,
                            descrgetfunc get) {
  const Proxy* const self = (const Proxy*)object;
  PyObject* const bound = get(self->wrapped, instance, owner);
  if (bound == NULL) return NULL;
  Proxy* const proxy = proxy_make(Py_TYPE(object), bound);
  Py_DECREF(bound);
  if (proxy == NULL) return NULL;
  Py_XINCREF(self->before);
  Py_XINCREF(self->after);
  proxy->before = self->before;
  proxy->after = self->after;
  proxy->name_index = self->name_index;
  proxy->stage = self->stage;
  proxy->with_batch = self->with_batch;
  proxy->unless_imports = self->unless_imports;
  proxy->resumes = self->resumes;
  return (PyObject*)proxy;
}

PyObject* proxy_bind(PyObject* object, PyObject* instance, PyObject* owner) {
  PyObject* const wrapped = ((Proxy*)object)->wrapped;
  const descrgetfunc get = (descrgetfunc)PyType_GetSlot(Py_TYPE(wrapped), Py_tp_descr_get);
  if (get == NULL) {
    Py_INCREF(object);
    return object;
  }
  PyObject* innermost = wrapped; /* a Timed around an Around is of a function's kind, too */
  while (PyType_GetSlot(Py_TYPE(innermost), Py_tp_descr_get) == (void*)proxy_bind)
    innermost = ((Proxy*)innermost)->wrapped;
  const int is_function = PyObject_IsInstance(innermost, g_function_types);
  if (is_function < 0) return NULL;
  if (!is_function) return bind_other(object, instance, owner, get);
  if (instance == NULL) {
    Py_INCREF(object);
    return object;
  }
  return PyObject_CallFunctionObjArgs(g_method_type, object, instance, NULL);
}

/* The object that sys.modules has under the wrapped one's name: a new reference, or NULL. */
static PyObject* found_by_name(PyObject* wrapped, PyObject* qualified_name) {
  PyObject* found = PyObject_GetAttrString(wrapped, "__module__");
  if (found != NULL) {
    PyObject* const modules = PyImport_GetModuleDict(); /* borrowed */
    PyObject* const module = modules != NULL ? PyObject_GetItem(modules, found) : NULL;
    Py_DECREF(found);
    found = module;
  }
  PyObject* const parts =
      found != NULL ? PyObject_CallMethod(qualified_name, "split", "s", ".") : NULL;
  for (Py_ssize_t i = 0; parts != NULL && found != NULL && i < PyList_Size(parts); ++i) {
    PyObject* const next = PyObject_GetAttr(found, PyList_GetItem(parts, i));
    Py_DECREF(found);
    found = next;
  }
  Py_XDECREF(parts);
  PyErr_Clear();
  return found;
}

/* Pickles as the name under which it stands in its module, so that the reader
 * takes its own; else as what it wraps (no pickle refers to datamon). */
PyObject* proxy_reduce(PyObject* object, PyObject* unused) {
  (void)unused;
  PyObject* const wrapped = ((Proxy*)object)->wrapped;
  PyObject* const name = PyObject_GetAttrString(wrapped, "__qualname__");
  if (name == NULL) PyErr_Clear();
  if (name != NULL && PyUnicode_Check(name)) {
    PyObject* const found = found_by_name(wrapped, name);
    Py_XDECREF(found);
    if (found == object) return name;
  }
  Py_XDECREF(name);
  PyObject* const operators = PyImport_ImportModule("operator");
  if (operators == NULL) return NULL;
  PyObject* const getitem = PyObject_GetAttrString(operators, "getitem");
  Py_DECREF(operators);
  if (getitem == NULL) return NULL;
  PyObject* const result = Py_BuildValue("(O((O)i))", getitem, wrapped, 0);
  Py_DECREF(getitem);
  return result;
}

PyMethodDef proxy_methods[] = {
    {"__reduce_ex__", proxy_reduce, METH_O, NULL},
    {"__reduce__", proxy_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyMemberDef proxy_members[] = {
    {"__wrapped__", T_OBJECT_EX, offsetof(Proxy, wrapped), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Proxy, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
