# nvcc and the CUDA runtime, for the GPU parts. Taken, in this order, from: what was asked for
# (CMAKE_CUDA_COMPILER, CUDACXX, CUDAToolkit_ROOT), /usr/local/cuda, the PATH, and the Python packages
# that `scripts/bootstrap.sh cuda` installs into .venv-cuda. Building needs neither a GPU nor a driver.
#   DATAMON_CUDA  AUTO: the GPU parts are left out where there is no usable nvcc;
#                 ON: then it is an error; OFF: left out
# Sets DATAMON_CUDA_FOUND. Targets, where found:
#   datamon_cuda            the runtime, linked statically: programs start without a driver, and
#                           without any library of the toolkit
#   datamon_cupti_headers   CUPTI's headers, where the toolkit has them
set(DATAMON_CUDA AUTO CACHE STRING "GPU parts: AUTO, ON or OFF")
set_property(CACHE DATAMON_CUDA PROPERTY STRINGS AUTO ON OFF)
set(DATAMON_CUDA_OLDEST 12.0)  # the first nvcc with C++20

# The candidates for nvcc, best first.
function(datamon_nvcc_candidates out)
  set(root $ENV{CUDAToolkit_ROOT})
  if(CUDAToolkit_ROOT)
    set(root ${CUDAToolkit_ROOT})
  endif()
  set(found ${CMAKE_CUDA_COMPILER} $ENV{CUDACXX})
  if(root)
    list(APPEND found ${root}/bin/nvcc)
  endif()
  if(NOT found)  # what is asked for is not replaced by something else
    find_program(DATAMON_NVCC_IN_PATH nvcc)
    mark_as_advanced(DATAMON_NVCC_IN_PATH)
    file(GLOB packaged ${CMAKE_SOURCE_DIR}/.venv-cuda/lib/python3*/site-packages/nvidia/cu*/bin/nvcc)
    set(found /usr/local/cuda/bin/nvcc ${DATAMON_NVCC_IN_PATH} ${packaged})
  endif()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Sets `reason` to why this nvcc cannot be used, empty if it can: it compiles a file.
function(datamon_try_nvcc nvcc reason)
  set(${reason} "" PARENT_SCOPE)
  find_program(DATAMON_NVCC_FOUND NAMES ${nvcc} NO_CACHE)
  if(NOT DATAMON_NVCC_FOUND)
    set(${reason} "${nvcc} does not exist" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${DATAMON_NVCC_FOUND} --version OUTPUT_VARIABLE text ERROR_VARIABLE text)
  string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" match "${text}")
  if(NOT match OR CMAKE_MATCH_1 VERSION_LESS DATAMON_CUDA_OLDEST)
    set(${reason} "${nvcc} is not nvcc ${DATAMON_CUDA_OLDEST} or later" PARENT_SCOPE)
    return()
  endif()
  set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/datamon_nvcc)
  file(WRITE ${probe}.cu "__global__ void probe() {}\n")
  execute_process(COMMAND ${DATAMON_NVCC_FOUND} -ccbin ${CMAKE_CXX_COMPILER} -std=c++20 -arch=sm_80 -c
                  ${probe}.cu -o ${probe}.o RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(NOT status EQUAL 0)
    string(REGEX REPLACE "\n.*" "" first "${text}")
    set(${reason} "${nvcc} cannot compile with ${CMAKE_CXX_COMPILER}: ${first}" PARENT_SCOPE)
  endif()
endfunction()

# Sets DATAMON_NVCC to the first nvcc that works, or DATAMON_NVCC_REASON.
function(datamon_find_nvcc)
  datamon_nvcc_candidates(candidates)
  set(reasons "")
  foreach(candidate ${candidates})
    datamon_try_nvcc(${candidate} reason)
    if(NOT reason)
      find_program(path NAMES ${candidate} NO_CACHE)
      set(DATAMON_NVCC ${path} PARENT_SCOPE)
      return()
    endif()
    if(EXISTS ${candidate} OR NOT candidate STREQUAL "/usr/local/cuda/bin/nvcc")
      list(APPEND reasons ${reason})
    endif()
  endforeach()
  list(JOIN reasons "; " text)
  if(NOT text)
    set(text "there is no nvcc")
  endif()
  set(DATAMON_NVCC "" PARENT_SCOPE)
  set(DATAMON_NVCC_REASON "${text}" PARENT_SCOPE)
endfunction()

set(DATAMON_CUDA_FOUND OFF)
if(DATAMON_CUDA STREQUAL "AUTO" AND DATAMON_WHEEL)
  message(STATUS "CUDA: left out of Python wheels (DATAMON_CUDA=ON puts it in)")
elseif(NOT DATAMON_CUDA STREQUAL "OFF")
  if(DATAMON_NVCC_WORKS AND EXISTS ${DATAMON_NVCC_WORKS})
    set(DATAMON_NVCC ${DATAMON_NVCC_WORKS})
  else()
    datamon_find_nvcc()
    set(DATAMON_NVCC_WORKS "${DATAMON_NVCC}" CACHE INTERNAL "nvcc that compiled a file")
  endif()
  set(how "scripts/bootstrap.sh cuda brings one, CUDAToolkit_ROOT=/path names one")
  if(DATAMON_NVCC)
    set(DATAMON_CUDA_FOUND ON)
  elseif(DATAMON_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CUDA: ${DATAMON_NVCC_REASON}; ${how}")
  else()
    message(STATUS "CUDA: the GPU parts are left out, ${DATAMON_NVCC_REASON} (${how})")
  endif()
endif()

if(DATAMON_CUDA_FOUND)
  set(CMAKE_CUDA_COMPILER ${DATAMON_NVCC})
  if(NOT CMAKE_CUDA_HOST_COMPILER)
    set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    # Turing to Hopper; the last one also as PTX, which later ones compile for themselves.
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
  enable_language(CUDA)
  foreach(kind STANDARD EXTENSION)  # CMake 3.25 does not know that nvcc has it
    if(NOT CMAKE_CUDA20_${kind}_COMPILE_OPTION)
      set(CMAKE_CUDA20_${kind}_COMPILE_OPTION -std=c++20)
    endif()
  endforeach()
  find_package(CUDAToolkit QUIET REQUIRED)
  message(STATUS "CUDA: ${CMAKE_CUDA_COMPILER_VERSION}, ${DATAMON_NVCC}")

  add_library(datamon_cuda INTERFACE)
  target_link_libraries(datamon_cuda INTERFACE CUDA::cudart_static)
  target_compile_definitions(datamon_cuda INTERFACE DATAMON_HAS_CUDA=1)

  find_path(CUPTI_INCLUDE_DIR cupti.h HINTS ${CUDAToolkit_INCLUDE_DIRS}
    ${CUDAToolkit_TARGET_DIR}/extras/CUPTI/include ${CUDAToolkit_BIN_DIR}/../extras/CUPTI/include)
  if(CUPTI_INCLUDE_DIR)
    add_library(datamon_cupti_headers INTERFACE)
    target_include_directories(datamon_cupti_headers SYSTEM INTERFACE ${CUPTI_INCLUDE_DIR}
                               ${CUDAToolkit_INCLUDE_DIRS})
    message(STATUS "CUPTI: ${CUPTI_INCLUDE_DIR}")
  else()
    message(STATUS "CUPTI: left out, the toolkit has no cupti.h")
  endif()
endif()
