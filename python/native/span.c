/* Span: a context manager. `with Span(stage): ...` */
#include "native.h"

typedef struct SpanObject {
  PyObject_HEAD uint64_t handle;
  uint64_t id;
  uint64_t bytes;
  PyObject* name; /* or NULL */
  datamon_stage stage;
} SpanObject;

static PyObject* span_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static char* names[] = {"stage", "id", "bytes", "name", NULL};
  int stage = 0;
  unsigned long long bytes = 0;
  PyObject *id = NULL, *name = NULL;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "i|OKO:Span", names, &stage, &id, &bytes, &name))
    return NULL;
  allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  SpanObject* const self = (SpanObject*)alloc(type, 0);
  if (self == NULL) return NULL;
  self->stage = stage > 0 && stage < DATAMON_MAX_STAGES ? (datamon_stage)stage : DATAMON_NO_STAGE;
  self->id = id_of(id);
  self->bytes = bytes;
  if (name != NULL && name != Py_None) {
    Py_INCREF(name);
    self->name = name;
  }
  return (PyObject*)self;
}

/* span(name, id=None, bytes=0, item=None): what datamon.span is. The common call,
 * a name that was used before and nothing else, parses no arguments. */
static PyObject* g_span_type;   /* owned by the module, which is never unloaded */
static PyObject* g_numbers;     /* dict: stage name -> number */
static PyObject* g_find_number; /* function(name) -> number; fills the dict */

static PyObject* span_of(PyObject* name, PyObject* id, PyObject* bytes, PyObject* item) {
  PyObject* number = PyDict_GetItemWithError(g_numbers, name); /* borrowed */
  if (number == NULL) {
    if (PyErr_Occurred()) return NULL;
    PyObject* const found = PyObject_CallFunctionObjArgs(g_find_number, name, NULL);
    if (found == NULL) return NULL;
    Py_DECREF(found);
    number = PyDict_GetItemWithError(g_numbers, name);
    if (number == NULL) return PyErr_Occurred() ? NULL : PyErr_NoMemory();
  }
  PyTypeObject* const type = (PyTypeObject*)g_span_type;
  const allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
  SpanObject* const self = (SpanObject*)alloc(type, 0);
  if (self == NULL) return NULL;
  self->stage = (datamon_stage)PyLong_AsLong(number);
  self->id = id_of(id);
  if (bytes != NULL && PyLong_Check(bytes)) self->bytes = id_of(bytes);
  if (self->bytes == DATAMON_NO_ID) self->bytes = 0;
  if (item != NULL && item != Py_None) {
    Py_INCREF(item);
    self->name = item;
  }
  return (PyObject*)self;
}

static PyObject* py_span(PyObject* module, PyObject* const* args, Py_ssize_t count,
                         PyObject* keywords) {
  (void)module;
  static const char* const names[] = {"name", "id", "bytes", "item"};
  PyObject* values[4] = {NULL, NULL, NULL, NULL};
  if (count > 4) return PyErr_Format(PyExc_TypeError, "span() takes 1 to 4 arguments"), NULL;
  for (Py_ssize_t i = 0; i < count; ++i) values[i] = args[i];
  const Py_ssize_t named = keywords != NULL ? PyTuple_Size(keywords) : 0;
  for (Py_ssize_t k = 0; k < named; ++k) {
    PyObject* const keyword = PyTuple_GetItem(keywords, k);
    int i = 0;
    while (i < 4 && PyUnicode_CompareWithASCIIString(keyword, names[i]) != 0) ++i;
    if (i == 4 || values[i] != NULL)
      return PyErr_Format(PyExc_TypeError, "span() cannot take the argument '%U'", keyword), NULL;
    values[i] = args[count + k];
  }
  if (values[0] == NULL || !PyUnicode_Check(values[0]))
    return PyErr_Format(PyExc_TypeError, "span() needs the name of a stage"), NULL;
  return span_of(values[0], values[1], values[2], values[3]);
}

/* use_stages(numbers, find): the dict and the function behind span(). */
static PyObject* py_use_stages(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (count != 2 || !PyDict_Check(args[0]))
    return PyErr_Format(PyExc_TypeError, "use_stages(dict, function)"), NULL;
  Py_INCREF(args[0]);
  Py_XDECREF(g_numbers);
  g_numbers = args[0];
  Py_INCREF(args[1]);
  Py_XDECREF(g_find_number);
  g_find_number = args[1];
  Py_RETURN_NONE;
}

static PyMethodDef kFunctions[] = {
    {"span", (PyCFunction)(void (*)(void))py_span, METH_FASTCALL | METH_KEYWORDS,
     "span(name, id=None, bytes=0, item=None)\n\nA context manager that records its block as a "
     "span of\nstage `name`; "
     "docs/python.md has the names. `id` is the item's or batch's number,\n`item` its name (a "
     "file), "
     "`bytes` what was handled."},
    {"use_stages", (PyCFunction)(void (*)(void))py_use_stages, METH_FASTCALL,
     "use_stages(numbers, find): the names that span() knows, and who finds others"},
    {NULL, NULL, 0, NULL},
};

static void span_dealloc(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  Py_XDECREF(((SpanObject*)object)->name);
  freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
  release(object);
  Py_DECREF(type);
}

static PyObject* span_enter(PyObject* object, PyObject* unused) {
  (void)unused;
  SpanObject* const self = (SpanObject*)object;
  self->handle = datamon_begin(self->stage);
  Py_INCREF(object);
  return object;
}

static PyObject* span_exit(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  (void)args;
  (void)count;
  SpanObject* const self = (SpanObject*)object;
  end_quietly(self->handle, self->id, self->bytes, self->name);
  self->handle = 0;
  Py_RETURN_NONE;
}

static PyObject* span_item(PyObject* object, PyObject* args, PyObject* keywords) {
  static char* names[] = {"id", "bytes", "name", NULL};
  SpanObject* const self = (SpanObject*)object;
  unsigned long long bytes = self->bytes;
  PyObject *id = NULL, *name = NULL;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OKO:item", names, &id, &bytes, &name))
    return NULL;
  if (id != NULL) self->id = id_of(id);
  self->bytes = bytes;
  if (name != NULL) {
    PyObject* const previous = self->name;
    Py_INCREF(name);
    self->name = name;
    Py_XDECREF(previous);
  }
  Py_RETURN_NONE;
}

static PyMethodDef kMethods[] = {
    {"__enter__", span_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))span_exit, METH_FASTCALL, NULL},
    {"item", (PyCFunction)(void (*)(void))span_item, METH_VARARGS | METH_KEYWORDS,
     "item(id=None, bytes=0, name=None): what the span worked on; before it ends"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot kSlots[] = {
    {Py_tp_new, (void*)span_new},
    {Py_tp_dealloc, (void*)span_dealloc},
    {Py_tp_methods, kMethods},
    {Py_tp_doc,
     "Span(stage, id=None, bytes=0, name=None): a span as a context manager; one use "
     "at a time"},
    {0, NULL},
};

static PyType_Spec kSpec = {
    .name = "datamon._native.Span",
    .basicsize = sizeof(SpanObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = kSlots,
};

int add_span_type(PyObject* module) {
  g_span_type = add_type(module, &kSpec);
  if (g_span_type == NULL) return -1;
  Py_INCREF(g_span_type);
  return PyModule_AddFunctions(module, kFunctions);
}
