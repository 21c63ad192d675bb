/* TimedItems and TimedIter: a dataset and an iterator whose items are spans of
 * the stage fetch. The adapters put them in place of the ones inside a loader's
 * own fetcher, where nobody else looks. */
#include "proxy.h"

static PyObject* fetch_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static char* names[] = {"wrapped", "stage", NULL};
  PyObject* wrapped = NULL;
  int stage = DATAMON_FETCH;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|i", names, &wrapped, &stage)) return NULL;
  Proxy* const self = proxy_make(type, wrapped);
  if (self == NULL) return NULL;
  self->stage = proxy_stage(stage);
  return (PyObject*)self;
}

static uint64_t begin_item(const Proxy* self) {
  Py_XDECREF(take_file()); /* of something else */
  return datamon_begin(self->stage);
}

/* Ends the item's span with the file that was read for it, if one was. */
static void end_item(uint64_t span, uint64_t id) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyObject* const file = take_file();
  end_quietly(span, id, 0, file);
  Py_XDECREF(file);
  PyErr_Restore(type, value, trace);
}

static PyObject* items_get(PyObject* object, PyObject* key) {
  const Proxy* const self = (const Proxy*)object;
  const uint64_t span = begin_item(self);
  PyObject* const item = PyObject_GetItem(self->wrapped, key);
  end_item(span, id_of(key));
  return item;
}

static Py_ssize_t items_length(PyObject* object) {
  return PyObject_Length(((Proxy*)object)->wrapped);
}

static PyObject* iter_self(PyObject* object) {
  Py_INCREF(object);
  return object;
}

static PyObject* iter_next(PyObject* object) {
  const Proxy* const self = (const Proxy*)object;
  const uint64_t span = begin_item(self);
  PyObject* const item = PyIter_Next(self->wrapped);
  end_item(span, DATAMON_NO_ID);
  return item;
}

static PyType_Slot kItemsSlots[] = {
    PROXY_SLOTS,
    {Py_tp_new, (void*)fetch_new},
    {Py_mp_subscript, (void*)items_get},
    {Py_mp_length, (void*)items_length},
    {Py_tp_doc, "TimedItems(dataset, stage=FETCH)"},
    {0, NULL},
};

static PyType_Slot kIterSlots[] = {
    PROXY_SLOTS,
    {Py_tp_new, (void*)fetch_new},
    {Py_tp_iter, (void*)iter_self},
    {Py_tp_iternext, (void*)iter_next},
    {Py_tp_doc, "TimedIter(iterator, stage=FETCH)"},
    {0, NULL},
};

static PyType_Spec kItemsSpec = PROXY_SPEC("datamon._native.TimedItems", kItemsSlots);
static PyType_Spec kIterSpec = PROXY_SPEC("datamon._native.TimedIter", kIterSlots);

int add_fetch_types(PyObject* module) {
  return add_type(module, &kItemsSpec) != NULL && add_type(module, &kIterSpec) != NULL ? 0 : -1;
}
