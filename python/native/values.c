/* Python values as the monitor wants them, and what a thread works on. */
#include "native.h"

Text text_of(PyObject* value) {
  Text text = {NULL, "", 0};
  if (value == NULL || value == Py_None) return text;
  if (PyUnicode_Check(value)) { /* most often: no copy, cached in the object */
    const char* const data = PyUnicode_AsUTF8AndSize(value, &text.bytes);
    if (data != NULL) {
      Py_INCREF(value);
      text.owner = value;
      text.data = data;
      return text;
    }
    PyErr_Clear(); /* surrogates: a file name that is no UTF-8 */
  }
  PyObject* encoded = NULL;
  if (!PyUnicode_FSConverter(value, &encoded)) {
    PyErr_Clear();
    text.bytes = 0;
    return text;
  }
  char* bytes = NULL;
  if (PyBytes_AsStringAndSize(encoded, &bytes, &text.bytes) < 0) {
    PyErr_Clear();
    Py_DECREF(encoded);
    text.bytes = 0;
    return text;
  }
  text.owner = encoded;
  text.data = bytes;
  return text;
}

void text_release(Text* text) {
  Py_XDECREF(text->owner);
  text->owner = NULL;
}

uint64_t id_of(PyObject* value) {
  if (value == NULL || !PyLong_Check(value)) return DATAMON_NO_ID;
  const long long number = PyLong_AsLongLong(value);
  if (number < 0) {
    PyErr_Clear();
    return DATAMON_NO_ID;
  }
  return (uint64_t)number;
}

uint64_t bytes_of(PyObject* value) {
  if (value == NULL || !(PyBytes_Check(value) || PyByteArray_Check(value))) return 0;
  return (uint64_t)(PyBytes_Check(value) ? PyBytes_Size(value) : PyByteArray_Size(value));
}

/* During an experiment (MON_PROBE) an end may take as long as a part of the span: other
 * threads go on meanwhile, as they would while the stage itself reads or computes. */
static void end_span(uint64_t span, uint64_t id, uint64_t bytes, const char* name, size_t length) {
  static int probes = -1;
  if (probes < 0) {
    const char* const value = getenv("MON_PROBE");
    probes = value != NULL && strcmp(value, "1") == 0;
  }
  if (!probes || span == 0) {
    datamon_end_with(span, id, bytes, name, length);
    return;
  }
  PyThreadState* const state = PyEval_SaveThread();
  datamon_end_with(span, id, bytes, name, length);
  PyEval_RestoreThread(state);
}

void end_quietly(uint64_t span, uint64_t id, uint64_t bytes, PyObject* name) {
  if (!datamon_active()) return;
  if (name == NULL || name == Py_None) {
    end_span(span, id, bytes, NULL, 0);
    return;
  }
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace); /* encoding a name must not meet a set exception */
  Text text = text_of(name);
  end_span(span, id, bytes, text.data, (size_t)text.bytes);
  text_release(&text);
  PyErr_Restore(type, value, trace);
}

static __thread uint64_t t_batch = DATAMON_NO_ID;
static __thread PyObject* t_file; /* owned; at most one object stays behind when a thread ends */

uint64_t current_batch(void) { return t_batch; }

PyObject* take_file(void) {
  PyObject* const file = t_file;
  t_file = NULL;
  return file;
}

void set_batch(uint64_t number) { t_batch = number; }

void set_file(PyObject* path) {
  PyObject* const previous = t_file;
  Py_INCREF(path);
  t_file = path;
  Py_XDECREF(previous);
}

PyObject* add_type(PyObject* module, PyType_Spec* spec) {
  PyObject* const type = PyType_FromSpec(spec);
  if (type == NULL) return NULL;
  const int failed = PyModule_AddType(module, (PyTypeObject*)type);
  Py_DECREF(type); /* the module has it */
  return failed ? NULL : type;
}
