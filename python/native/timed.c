/* Timed: a callable that records each call of another one as a span. */
#include "resumed.h"

static PyObject* timed_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static char* names[] = {"wrapped",          "stage",   "name_index", "id_kind",
                          "unless_importing", "resumes", NULL};
  PyObject* wrapped = NULL;
  int stage = 0, name_index = -1, id_kind = 0, unless_importing = 0, resumes = 0;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "Oi|iipp:Timed", names, &wrapped, &stage,
                                   &name_index, &id_kind, &unless_importing, &resumes))
    return NULL;
  Proxy* const self = proxy_make(type, wrapped);
  if (self == NULL) return NULL;
  self->stage = proxy_stage(stage);
  self->name_index = name_index;
  self->with_batch = id_kind != 0;
  self->unless_imports = unless_importing != 0;
  self->resumes = resumes != 0;
  return (PyObject*)self;
}

/* The argument that names a file (borrowed), or NULL; the thread remembers it. */
static PyObject* file_argument(const Proxy* self, PyObject* args) {
  if (self->name_index < 0 || self->name_index >= PyTuple_Size(args)) return NULL;
  PyObject* const name = PyTuple_GetItem(args, self->name_index);
  if (!PyUnicode_Check(name) && !PyBytes_Check(name) && !PyObject_HasAttrString(name, "__fspath__"))
    return NULL;
  set_file(name);
  return name;
}

static PyObject* timed_call(PyObject* object, PyObject* args, PyObject* keywords) {
  const Proxy* const self = (const Proxy*)object;
  if (self->unless_imports && importing()) return PyObject_Call(self->wrapped, args, keywords);
  if (self->resumes) return resumed(PyObject_Call(self->wrapped, args, keywords), self->stage);
  PyObject* const file = file_argument(self, args);
  const uint64_t span = datamon_begin(self->stage);
  PyObject* const result = PyObject_Call(self->wrapped, args, keywords);
  end_quietly(span, self->with_batch ? current_batch() : DATAMON_NO_ID, bytes_of(result), file);
  return result;
}

static PyType_Slot kSlots[] = {
    PROXY_SLOTS,
    {Py_tp_new, (void*)timed_new},
    {Py_tp_call, (void*)timed_call},
    {Py_tp_descr_get, (void*)proxy_bind},
    {Py_tp_doc,
     "Timed(wrapped, stage, name_index=-1, id_kind=NO_ID, unless_importing=False, "
     "resumes=False): a callable whose calls, or the resumptions of what they return, are "
     "spans"},
    {0, NULL},
};

static PyType_Spec kSpec = PROXY_SPEC("datamon._native.Timed", kSlots);

int add_timed_type(PyObject* module) {
  return proxy_prepare() == 0 && add_type(module, &kSpec) != NULL ? 0 : -1;
}
