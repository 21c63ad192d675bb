/* Around: a callable with something of ours before and after each call. What we
 * do there may fail in any way and nobody notices: the call, its result and its
 * exception (traceback included) are the wrapped one's. */
#include "proxy.h"

static PyObject* around_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static char* names[] = {"wrapped", "before", "after", NULL};
  PyObject *wrapped = NULL, *before = Py_None, *after = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|OO:Around", names, &wrapped, &before, &after))
    return NULL;
  Proxy* const self = proxy_make(type, wrapped);
  if (self == NULL) return NULL;
  if (before != Py_None) {
    Py_INCREF(before);
    self->before = before;
  }
  if (after != Py_None) {
    Py_INCREF(after);
    self->after = after;
  }
  return (PyObject*)self;
}

/* An exception of our own code is dropped, but for those that are the user's. */
static int must_pass(void) {
  return PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) ||
         PyErr_ExceptionMatches(PyExc_SystemExit);
}

static PyObject* around_call(PyObject* object, PyObject* args, PyObject* keywords) {
  const Proxy* const self = (const Proxy*)object;
  PyObject* state = NULL;
  if (self->before != NULL) {
    state = PyObject_Call(self->before, args, keywords);
    if (state == NULL) {
      if (must_pass()) return NULL;
      PyErr_Clear();
    }
  }
  PyObject* result = PyObject_Call(self->wrapped, args, keywords);
  if (self->after != NULL) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyObject* const done = PyObject_CallFunctionObjArgs(
        self->after, state != NULL ? state : Py_None, result != NULL ? result : Py_None,
        result != NULL ? Py_False : Py_True, NULL);
    Py_XDECREF(done);
    if (done == NULL && type == NULL && must_pass()) {
      Py_XDECREF(state);
      Py_XDECREF(result);
      return NULL;
    }
    if (done == NULL) PyErr_Clear();
    PyErr_Restore(type, value, trace);
  }
  Py_XDECREF(state);
  return result;
}

static PyType_Slot kSlots[] = {
    PROXY_SLOTS,
    {Py_tp_new, (void*)around_new},
    {Py_tp_call, (void*)around_call},
    {Py_tp_descr_get, (void*)proxy_bind},
    {Py_tp_doc,
     "Around(wrapped, before=None, after=None): before(*args, **kwargs) -> state, the "
     "call, after(state, result or None, failed)"},
    {0, NULL},
};

static PyType_Spec kSpec = PROXY_SPEC("datamon._native.Around", kSlots);

int add_around_type(PyObject* module) { return add_type(module, &kSpec) != NULL ? 0 : -1; }
