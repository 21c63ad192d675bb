# Tests in Python: datamon_pytest(NAME FILE... [PROPERTIES property value...])
# adds a ctest that runs pytest on the files, with the project's own .venv
# (scripts/bootstrap.sh makes it) and these variables in the environment:
#   DATAMON_SOURCE  the source tree        DATAMON_BIN  the programs
#   DATAMON_BUILD   the build tree         DATAMON_LIB  the libraries
#   DATAMON_DATA    the ImageNet-like set (scripts/make_dataset.py)
#   DATAMON_TORCH   an environment with PyTorch (scripts/bootstrap.sh torch)
set(DATAMON_TEST_PYTHON "${CMAKE_SOURCE_DIR}/.venv/bin/python" CACHE FILEPATH "Python for the tests")
set(DATAMON_TORCH_ENVIRONMENT "${CMAKE_SOURCE_DIR}/.venv-torch" CACHE PATH "Environment with PyTorch")
set(DATAMON_DATA "${CMAKE_SOURCE_DIR}/data/imagenet-like" CACHE PATH "Images for tests and benchmarks")

function(datamon_pytest name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROPERTIES")
  list(TRANSFORM arg_UNPARSED_ARGUMENTS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE files)
  add_test(NAME ${name} COMMAND ${DATAMON_TEST_PYTHON} -m pytest -q -rs -p no:cacheprovider ${files})
  # Without times of an earlier run ctest takes tests as they are listed: the long ones first,
  # so that no core is idle in the end. COST is about what they take, in seconds.
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 COST 10 ENVIRONMENT
    "DATAMON_SOURCE=${CMAKE_SOURCE_DIR};DATAMON_BUILD=${CMAKE_BINARY_DIR};DATAMON_DATA=${DATAMON_DATA};DATAMON_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};DATAMON_LIB=${CMAKE_LIBRARY_OUTPUT_DIRECTORY};DATAMON_TORCH=${DATAMON_TORCH_ENVIRONMENT};PYTHONDONTWRITEBYTECODE=1")
  if(arg_PROPERTIES)
    set_tests_properties(${name} PROPERTIES ${arg_PROPERTIES})
  endif()
endfunction()
