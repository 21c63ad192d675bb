/* An object that stands for another one: attributes, class (isinstance),
 * representation and equality are the wrapped object's. The types of timed.c,
 * around.c and fetch.c build on it. */
#ifndef DATAMON_PYTHON_PROXY_H_
#define DATAMON_PYTHON_PROXY_H_

#include "native.h"

typedef struct Proxy {
  PyObject_HEAD PyObject* wrapped;
  PyObject* before; /* around.c; NULL elsewhere */
  PyObject* after;
  PyObject* weakrefs;
  int name_index; /* timed.c: which positional argument names a file; < 0: none */
  datamon_stage stage;
  uint8_t with_batch;     /* timed.c: the id is the thread's current batch */
  uint8_t unless_imports; /* timed.c: no span while the thread imports a module */
  uint8_t resumes;        /* timed.c: the spans are resumptions of what a call returns */
} Proxy;

/* A zeroed object of `type` around `wrapped`; NULL with an exception set. */
Proxy* proxy_make(PyTypeObject* type, PyObject* wrapped);

/* A stage number from Python; DATAMON_NO_STAGE if it is out of range. */
datamon_stage proxy_stage(int number);

int proxy_traverse(PyObject* object, visitproc visit, void* arg);
int proxy_clear(PyObject* object);
void proxy_dealloc(PyObject* object);
PyObject* proxy_getattr(PyObject* object, PyObject* name);
int proxy_setattr(PyObject* object, PyObject* name, PyObject* value);
PyObject* proxy_repr(PyObject* object);
Py_hash_t proxy_hash(PyObject* object);
PyObject* proxy_compare(PyObject* object, PyObject* other, int operation);
/* Once, before the first object: 0, or -1 with an exception set. */
int proxy_prepare(void);
/* As a class attribute it becomes what the wrapped one would: a method (its __func__
 * is the proxy, so that `before` gets the instance), or for a staticmethod, a
 * classmethod and the like the proxy of what they give. */
PyObject* proxy_bind(PyObject* object, PyObject* instance, PyObject* owner);
PyObject* proxy_reduce(PyObject* object, PyObject* unused);
extern PyMethodDef proxy_methods[];
extern PyMemberDef proxy_members[];

#define PROXY_SLOTS_BUT_ATTRIBUTES                                                \
  {Py_tp_dealloc, (void*)proxy_dealloc}, {Py_tp_traverse, (void*)proxy_traverse}, \
      {Py_tp_clear, (void*)proxy_clear}, {Py_tp_setattro, (void*)proxy_setattr},  \
      {Py_tp_repr, (void*)proxy_repr}, {Py_tp_hash, (void*)proxy_hash},           \
      {Py_tp_richcompare, (void*)proxy_compare}, {                                \
    Py_tp_members, proxy_members                                                  \
  }
#define PROXY_SLOTS                                                     \
  PROXY_SLOTS_BUT_ATTRIBUTES, {Py_tp_getattro, (void*)proxy_getattr}, { \
    Py_tp_methods, proxy_methods                                        \
  }

#define PROXY_SPEC(type_name, type_slots)                                 \
  {                                                                       \
    .name = type_name, .basicsize = sizeof(Proxy),                        \
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .slots = type_slots \
  }

#endif
