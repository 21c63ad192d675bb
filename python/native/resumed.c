/* What generator functions, coroutine functions and asynchronous generator
 * functions return, with a span around each resumption: from next(), send() or
 * throw() until it yields, awaits or returns. What its consumer does in between
 * is not part of it. */
#include "resumed.h"

static PyTypeObject* g_generator; /* our types, each for one of CPython's */
static PyTypeObject* g_coroutine;
static PyTypeObject* g_async_generator;
static PyTypeObject* g_await;
static PyObject* g_types; /* module `types` */

static Proxy* around(PyTypeObject* type, PyObject* wrapped, datamon_stage stage) {
  Proxy* const self = proxy_make(type, wrapped);
  if (self != NULL) self->stage = stage;
  return self;
}

static int is_instance(PyObject* value, const char* type_name) {
  PyObject* const type = PyObject_GetAttrString(g_types, type_name);
  const int is = type != NULL && (PyObject*)Py_TYPE(value) == type;
  Py_XDECREF(type);
  if (PyErr_Occurred()) PyErr_Clear();
  return is;
}

PyObject* resumed(PyObject* made, datamon_stage stage) {
  if (made == NULL) return NULL;
  PyTypeObject* const type = is_instance(made, "GeneratorType")        ? g_generator
                             : is_instance(made, "CoroutineType")      ? g_coroutine
                             : is_instance(made, "AsyncGeneratorType") ? g_async_generator
                                                                       : NULL;
  if (type == NULL) return made;
  Proxy* const self = around(type, made, stage);
  if (self == NULL) {
    PyErr_Clear();
    return made;
  }
  Py_DECREF(made);
  return (PyObject*)self;
}

static PySendResult resume(PyObject* object, PyObject* value, PyObject** result) {
  const Proxy* const self = (const Proxy*)object;
  const uint64_t span = datamon_begin(self->stage);
  const PySendResult how = PyIter_Send(self->wrapped, value, result);
  end_quietly(span, DATAMON_NO_ID, how != PYGEN_ERROR ? bytes_of(*result) : 0, NULL);
  return how;
}

static PyObject* resume_send(PyObject* object, PyObject* value) {
  PyObject* result = NULL;
  const PySendResult how = resume(object, value, &result);
  if (how == PYGEN_NEXT || how == PYGEN_ERROR) return result;
  if (result == Py_None) {
    PyErr_SetNone(PyExc_StopIteration);
  } else {
    PyObject* const stop = PyObject_CallFunctionObjArgs(PyExc_StopIteration, result, NULL);
    if (stop != NULL) PyErr_SetObject(PyExc_StopIteration, stop);
    Py_XDECREF(stop);
  }
  Py_DECREF(result);
  return NULL;
}

static PyObject* resume_next(PyObject* object) { return resume_send(object, Py_None); }

static PyObject* call_wrapped(PyObject* object, const char* method, PyObject* args) {
  PyObject* const bound = PyObject_GetAttrString(((Proxy*)object)->wrapped, method);
  PyObject* const result = bound != NULL ? PyObject_CallObject(bound, args) : NULL;
  Py_XDECREF(bound);
  return result;
}

static PyObject* resume_by_call(PyObject* object, const char* method, PyObject* args) {
  const uint64_t span = datamon_begin(((Proxy*)object)->stage);
  PyObject* const result = call_wrapped(object, method, args);
  end_quietly(span, DATAMON_NO_ID, bytes_of(result), NULL);
  return result;
}

static PyObject* resume_throw(PyObject* object, PyObject* args) {
  return resume_by_call(object, "throw", args);
}

static PyObject* resume_close(PyObject* object, PyObject* unused) {
  (void)unused;
  return resume_by_call(object, "close", NULL);
}

static PyObject* itself(PyObject* object) {
  Py_INCREF(object);
  return object;
}

/* The iterator of `await coroutine`: resuming it resumes the coroutine. */
static PyObject* coroutine_await(PyObject* object) {
  const Proxy* const self = (const Proxy*)object;
  return (PyObject*)around(g_await, self->wrapped, self->stage);
}

/* The awaitable of one step of an asynchronous generator. */
static PyObject* async_step(PyObject* object, const char* method, PyObject* args) {
  PyObject* const awaitable = call_wrapped(object, method, args);
  if (awaitable == NULL) return NULL;
  Proxy* const step = around(g_await, awaitable, ((Proxy*)object)->stage);
  Py_DECREF(awaitable);
  return (PyObject*)step;
}

static PyObject* async_next(PyObject* object) { return async_step(object, "__anext__", NULL); }

static PyObject* async_send(PyObject* object, PyObject* args) {
  return async_step(object, "asend", args);
}

static PyObject* async_throw(PyObject* object, PyObject* args) {
  return async_step(object, "athrow", args);
}

static PyObject* async_close(PyObject* object, PyObject* unused) {
  (void)unused;
  return async_step(object, "aclose", NULL);
}

/* What resumes is ours, all other attributes are the wrapped object's. */
static PyObject* resumed_getattr(PyObject* object, PyObject* name) {
  static const char* const own[] = {"__next__", "__iter__",  "send",      "throw",
                                    "close",    "__await__", "__aiter__", "__anext__",
                                    "asend",    "athrow",    "aclose"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; ++i)
    if (PyUnicode_CompareWithASCIIString(name, own[i]) == 0)
      return PyObject_GenericGetAttr(object, name);
  return proxy_getattr(object, name);
}

#define RESUME_METHODS                                                                           \
  {"send", resume_send, METH_O, NULL}, {"throw", resume_throw, METH_VARARGS, NULL},              \
      {"close", resume_close, METH_NOARGS, NULL}, {"__reduce_ex__", proxy_reduce, METH_O, NULL}, \
      {"__reduce__", proxy_reduce, METH_NOARGS, NULL}, {                                         \
    NULL, NULL, 0, NULL                                                                          \
  }

static PyMethodDef kResumeMethods[] = {RESUME_METHODS};

static PyMethodDef kAsyncMethods[] = {
    {"asend", async_send, METH_VARARGS, NULL},       {"athrow", async_throw, METH_VARARGS, NULL},
    {"aclose", async_close, METH_NOARGS, NULL},      {"__reduce_ex__", proxy_reduce, METH_O, NULL},
    {"__reduce__", proxy_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};

#define RESUMED_SLOTS \
  PROXY_SLOTS_BUT_ATTRIBUTES, { Py_tp_getattro, (void*)resumed_getattr }

static PyType_Slot kGeneratorSlots[] = {
    RESUMED_SLOTS,
    {Py_tp_methods, kResumeMethods},
    {Py_tp_iter, (void*)itself},
    {Py_tp_iternext, (void*)resume_next},
    {Py_am_send, (void*)resume},
    {0, NULL},
};

static PyType_Slot kCoroutineSlots[] = {
    RESUMED_SLOTS,
    {Py_tp_methods, kResumeMethods},
    {Py_am_await, (void*)coroutine_await},
    {Py_am_send, (void*)resume},
    {0, NULL},
};

static PyType_Slot kAsyncGeneratorSlots[] = {
    RESUMED_SLOTS,
    {Py_tp_methods, kAsyncMethods},
    {Py_am_aiter, (void*)itself},
    {Py_am_anext, (void*)async_next},
    {0, NULL},
};

static PyType_Slot kAwaitSlots[] = {
    RESUMED_SLOTS,
    {Py_tp_methods, kResumeMethods},
    {Py_tp_iter, (void*)itself},
    {Py_tp_iternext, (void*)resume_next},
    {Py_am_await, (void*)itself},
    {Py_am_send, (void*)resume},
    {0, NULL},
};

static PyType_Spec kGeneratorSpec = PROXY_SPEC("datamon._native.Generator", kGeneratorSlots);
static PyType_Spec kCoroutineSpec = PROXY_SPEC("datamon._native.Coroutine", kCoroutineSlots);
static PyType_Spec kAsyncGeneratorSpec =
    PROXY_SPEC("datamon._native.AsyncGenerator", kAsyncGeneratorSlots);
static PyType_Spec kAwaitSpec = PROXY_SPEC("datamon._native.Await", kAwaitSlots);

int add_resumed_types(PyObject* module) {
  if (g_types == NULL) g_types = PyImport_ImportModule("types");
  g_generator = (PyTypeObject*)add_type(module, &kGeneratorSpec);
  g_coroutine = (PyTypeObject*)add_type(module, &kCoroutineSpec);
  g_async_generator = (PyTypeObject*)add_type(module, &kAsyncGeneratorSpec);
  g_await = (PyTypeObject*)add_type(module, &kAwaitSpec);
  return g_types != NULL && g_generator != NULL && g_coroutine != NULL &&
                 g_async_generator != NULL && g_await != NULL
             ? 0
             : -1;
}
