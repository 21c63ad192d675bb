/* Generators, coroutines and asynchronous generators whose resumptions are spans. */
#ifndef DATAMON_PYTHON_RESUMED_H_
#define DATAMON_PYTHON_RESUMED_H_

#include "proxy.h"

/* What a call made (taken over; may be NULL), with a span of `stage` around each of
 * its resumptions if it is one of those. A new reference. */
PyObject* resumed(PyObject* made, datamon_stage stage);

#endif
