#include <dlfcn.h>

#include "native.h"

typedef const datamon_api* (*AttachFunction)(uint32_t header_version);

/* attach(path): opens the monitor library and begins to record. None, or why not. */
static PyObject* py_attach(PyObject* module, PyObject* path) {
  (void)module;
  if (datamon_active()) Py_RETURN_NONE;
  Text text = text_of(path);
  void* const library =
      text.bytes > 0 ? dlopen(text.data, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
  text_release(&text);
  void* const symbol = library != NULL ? dlsym(library, "datamon_attach") : NULL;
  if (symbol == NULL) {
    const char* const why = dlerror();
    return PyUnicode_DecodeLocale(why != NULL ? why : "no path given", "surrogateescape");
  }
  AttachFunction attach;
  memcpy(&attach, &symbol, sizeof attach);
  datamon_table_ = attach(DATAMON_API_VERSION);
  if (datamon_active()) Py_RETURN_NONE;
  return PyUnicode_FromString(""); /* the library has said why */
}

static PyObject* py_active(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  return PyBool_FromLong(datamon_active());
}

static PyObject* py_now(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  return PyLong_FromUnsignedLongLong(datamon_now());
}

/* A stage number from a Python int; DATAMON_NO_STAGE for anything else. */
static datamon_stage stage_of(PyObject* value) {
  const unsigned long number = PyLong_Check(value) ? PyLong_AsUnsignedLong(value) : 0;
  if (PyErr_Occurred()) PyErr_Clear();
  return number < DATAMON_MAX_STAGES ? (datamon_stage)number : (datamon_stage)DATAMON_NO_STAGE;
}

static PyObject* py_begin(PyObject* module, PyObject* stage) {
  (void)module;
  return PyLong_FromUnsignedLongLong(datamon_begin(stage_of(stage)));
}

static int check_count(const char* function, Py_ssize_t count, Py_ssize_t least, Py_ssize_t most) {
  if (count >= least && count <= most) return 0;
  PyErr_Format(PyExc_TypeError, "%s() takes %zd to %zd arguments, not %zd", function, least, most,
               count);
  return -1;
}

static uint64_t number_of(PyObject* value) {
  const unsigned long long number = PyLong_Check(value) ? PyLong_AsUnsignedLongLong(value) : 0;
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return 0;
  }
  return number;
}

static PyObject* py_end(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (check_count("end", count, 1, 4) < 0) return NULL;
  const uint64_t span = number_of(args[0]);
  end_quietly(span, count > 1 ? id_of(args[1]) : DATAMON_NO_ID, count > 2 ? number_of(args[2]) : 0,
              count > 3 ? args[3] : NULL);
  Py_RETURN_NONE;
}

static PyObject* py_record(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (check_count("record", count, 3, 5) < 0) return NULL;
  datamon_record(stage_of(args[0]), number_of(args[1]), number_of(args[2]),
                 count > 3 ? id_of(args[3]) : DATAMON_NO_ID, count > 4 ? number_of(args[4]) : 0);
  Py_RETURN_NONE;
}

static PyObject* py_define_stage(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (check_count("define_stage", count, 2, 3) < 0) return NULL;
  Text name = text_of(args[0]);
  const datamon_stage stage =
      datamon_define_stage(name.data, (size_t)name.bytes, (datamon_class)number_of(args[1]),
                           count > 2 ? (uint32_t)number_of(args[2]) : 0);
  text_release(&name);
  return PyLong_FromLong(stage);
}

static PyObject* py_thread(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (check_count("thread", count, 1, 4) < 0) return NULL;
  Text name = text_of(count > 3 ? args[3] : NULL);
  datamon_thread((datamon_role)number_of(args[0]), count > 1 ? (uint32_t)number_of(args[1]) : 0,
                 count > 2 ? (uint32_t)number_of(args[2]) : 0, name.data, (size_t)name.bytes);
  text_release(&name);
  Py_RETURN_NONE;
}

static PyObject* py_note(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (check_count("note", count, 2, 2) < 0) return NULL;
  Text key = text_of(args[0]);
  Text value = text_of(args[1]);
  datamon_note(key.data, (size_t)key.bytes, value.data, (size_t)value.bytes);
  text_release(&value);
  text_release(&key);
  Py_RETURN_NONE;
}

static PyObject* py_set_batch(PyObject* module, PyObject* number) {
  (void)module;
  set_batch(id_of(number));
  Py_RETURN_NONE;
}

static PyObject* py_set_file(PyObject* module, PyObject* path) {
  (void)module;
  set_file(path);
  Py_RETURN_NONE;
}

/* environment(name): what the C library has; os.environ is a copy from before attach(). */
static PyObject* py_environment(PyObject* module, PyObject* name) {
  (void)module;
  Text text = text_of(name);
  const char* const value = getenv(text.data);
  text_release(&text);
  if (value == NULL) Py_RETURN_NONE;
  return PyUnicode_DecodeFSDefault(value);
}

static PyMethodDef kMethods[] = {
    {"attach", py_attach, METH_O,
     "attach(path) -> None or str: open libdatamon.so.0; a text says why it is not recording"},
    {"active", py_active, METH_NOARGS, "active() -> bool: is this process recording?"},
    {"now", py_now, METH_NOARGS, "now() -> int: the recording's clock in ticks; 0 when off"},
    {"begin", py_begin, METH_O, "begin(stage) -> int: begin a span; its handle"},
    {"end", (PyCFunction)(void (*)(void))py_end, METH_FASTCALL,
     "end(handle[, id[, bytes[, name]]]): end a span"},
    {"record", (PyCFunction)(void (*)(void))py_record, METH_FASTCALL,
     "record(stage, start, end[, id[, bytes]]): an interval between two readings of now()"},
    {"define_stage", (PyCFunction)(void (*)(void))py_define_stage, METH_FASTCALL,
     "define_stage(name, stage_class[, loader]) -> int"},
    {"thread", (PyCFunction)(void (*)(void))py_thread, METH_FASTCALL,
     "thread(role[, index[, loader[, name]]]): say what the calling thread is"},
    {"note", (PyCFunction)(void (*)(void))py_note, METH_FASTCALL, "note(key, value)"},
    {"set_batch", py_set_batch, METH_O,
     "set_batch(number): the batch that this thread's collate and send spans belong to"},
    {"set_file", py_set_file, METH_O, "set_file(path): the file that this thread reads"},
    {"environment", py_environment, METH_O,
     "environment(name) -> str or None: the variable as the C library has it"},
    {NULL, NULL, 0, NULL},
};

static int add_constants(PyObject* module) {
  static const struct {
    const char* name;
    long value;
  } constants[] = {
      {"CLASS_OTHER", DATAMON_CLASS_OTHER},
      {"CLASS_INIT", DATAMON_CLASS_INIT},
      {"CLASS_FETCH", DATAMON_CLASS_FETCH},
      {"CLASS_READ", DATAMON_CLASS_READ},
      {"CLASS_DECODE", DATAMON_CLASS_DECODE},
      {"CLASS_TRANSFORM", DATAMON_CLASS_TRANSFORM},
      {"CLASS_COLLATE", DATAMON_CLASS_COLLATE},
      {"CLASS_HANDOFF", DATAMON_CLASS_HANDOFF},
      {"CLASS_TRANSFER", DATAMON_CLASS_TRANSFER},
      {"CLASS_WAIT", DATAMON_CLASS_WAIT},
      {"CLASS_COMPUTE", DATAMON_CLASS_COMPUTE},
      {"CLASS_GPU", DATAMON_CLASS_GPU},
      {"INIT", DATAMON_INIT},
      {"FETCH", DATAMON_FETCH},
      {"READ", DATAMON_READ},
      {"DECODE", DATAMON_DECODE},
      {"TRANSFORM", DATAMON_TRANSFORM},
      {"COLLATE", DATAMON_COLLATE},
      {"SEND", DATAMON_SEND},
      {"QUEUE", DATAMON_QUEUE},
      {"RECEIVE", DATAMON_RECEIVE},
      {"PIN", DATAMON_PIN},
      {"TRANSFER", DATAMON_TRANSFER},
      {"WAIT", DATAMON_WAIT},
      {"COMPUTE", DATAMON_COMPUTE},
      {"ROLE_OTHER", DATAMON_ROLE_OTHER},
      {"ROLE_CONSUMER", DATAMON_ROLE_CONSUMER},
      {"ROLE_WORKER", DATAMON_ROLE_WORKER},
      {"ROLE_PIN", DATAMON_ROLE_PIN},
      {"NO_NAME", -1},
      {"NO_ID", 0},
      {"BATCH_ID", 1},
  };
  for (size_t i = 0; i < sizeof constants / sizeof constants[0]; ++i)
    if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value) < 0) return -1;
  return 0;
}

static int execute(PyObject* module) {
  return add_constants(module) < 0 || add_span_type(module) < 0 || add_timed_type(module) < 0 ||
                 add_around_type(module) < 0 || add_fetch_types(module) < 0 ||
                 add_importing(module) < 0 || add_resumed_types(module) < 0
             ? -1
             : 0;
}

static PyModuleDef_Slot kSlots[] = {{Py_mod_exec, (void*)execute}, {0, NULL}};

static struct PyModuleDef kModule = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "datamon._native",
    .m_doc = "The datamon monitor's recording API.",
    .m_methods = kMethods,
    .m_slots = kSlots,
};

__attribute__((visibility("default"))) PyObject* PyInit__native(void);
PyObject* PyInit__native(void) { return PyModuleDef_Init(&kModule); }
