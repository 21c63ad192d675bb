/* Is the calling thread importing a module? What it reads then is code, its
 * dependencies' metadata and the like, not data. */
#include "native.h"

static PyObject* g_locks;       /* dict: name -> weak reference to a lock; NULL: nobody can tell */
static PyObject* g_this_thread; /* its `waiting` and `helper` say: in a loader's work */

static int is_true(PyObject* object, const char* attribute) {
  PyObject* const value = PyObject_GetAttrString(object, attribute);
  const int truth = value != NULL ? PyObject_IsTrue(value) : 0;
  Py_XDECREF(value);
  if (PyErr_Occurred()) PyErr_Clear();
  return truth > 0;
}

static int owns(PyObject* reference, PyObject* thread) {
  PyObject* const lock = PyObject_CallObject(reference, NULL);
  PyObject* const owner = lock != NULL ? PyObject_GetAttrString(lock, "owner") : NULL;
  const int equal = owner != NULL ? PyObject_RichCompareBool(owner, thread, Py_EQ) : 0;
  Py_XDECREF(owner);
  Py_XDECREF(lock);
  if (PyErr_Occurred()) PyErr_Clear();
  return equal > 0;
}

static int thread_owns_any(void) {
  PyObject* const thread = PyLong_FromUnsignedLong(PyThread_get_thread_ident());
  PyObject* const references = thread != NULL ? PyDict_Values(g_locks) : NULL;
  int found = 0;
  for (Py_ssize_t i = 0; references != NULL && !found && i < PyList_Size(references); ++i)
    found = owns(PyList_GetItem(references, i), thread);
  Py_XDECREF(references);
  Py_XDECREF(thread);
  if (PyErr_Occurred()) PyErr_Clear();
  return found;
}

int importing(void) {
  /* Outside any thread's imports, almost always, the dict is empty. */
  if (g_locks == NULL || PyDict_Size(g_locks) == 0) return 0;
  /* A program may train while it is imported; its forked workers even inherit the locks. */
  if (is_true(g_this_thread, "waiting") || is_true(g_this_thread, "helper")) return 0;
  return thread_owns_any();
}

static PyObject* py_importing(PyObject* module, PyObject* unused) {
  (void)module;
  (void)unused;
  return PyBool_FromLong(importing());
}

static PyObject* py_use_import_locks(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  (void)module;
  if (count != 2 || !PyDict_Check(args[0]))
    return PyErr_Format(PyExc_TypeError, "use_import_locks(dict, object)"), NULL;
  Py_INCREF(args[0]);
  Py_XDECREF(g_locks);
  g_locks = args[0];
  Py_INCREF(args[1]);
  Py_XDECREF(g_this_thread);
  g_this_thread = args[1];
  Py_RETURN_NONE;
}

static PyMethodDef kFunctions[] = {
    {"importing", py_importing, METH_NOARGS,
     "importing() -> bool: is this thread importing a module, and not in a loader's work?"},
    {"use_import_locks", (PyCFunction)(void (*)(void))py_use_import_locks, METH_FASTCALL,
     "use_import_locks(locks, this_thread): the import system's locks by module name, and an "
     "object whose attributes `waiting` and `helper` say that the thread works for a loader"},
    {NULL, NULL, 0, NULL},
};

int add_importing(PyObject* module) { return PyModule_AddFunctions(module, kFunctions); }
