# The headers of NVTX version 3: the target nvtx3_headers, if they are there. They
# come with the CUDA toolkit, or with the Python package nvidia-nvtx, which
# scripts/bootstrap.sh installs into .venv. Nothing is linked.
#   DATAMON_NVTX  AUTO: what needs them is left out where they are missing;
#                 ON: then it is an error; OFF: left out
set(DATAMON_NVTX AUTO CACHE STRING "NVTX support: AUTO, ON or OFF")
set_property(CACHE DATAMON_NVTX PROPERTY STRINGS AUTO ON OFF)

if(NOT DATAMON_NVTX STREQUAL "OFF")
  file(GLOB nvtx_packages ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/*/include)
  find_path(NVTX3_INCLUDE_DIR nvtx3/nvToolsExtPayload.h
    HINTS ${nvtx_packages} PATHS /usr/local/cuda/include /opt/cuda/include)
  if(NVTX3_INCLUDE_DIR)
    add_library(nvtx3_headers INTERFACE)
    target_include_directories(nvtx3_headers SYSTEM INTERFACE ${NVTX3_INCLUDE_DIR})
    message(STATUS "NVTX: ${NVTX3_INCLUDE_DIR}")
  elseif(DATAMON_NVTX STREQUAL "ON")
    message(FATAL_ERROR "NVTX: nvtx3/nvToolsExtPayload.h was not found; run scripts/bootstrap.sh, or set "
      "NVTX3_INCLUDE_DIR")
  else()
    message(STATUS "NVTX: left out, nvtx3/nvToolsExtPayload.h was not found (scripts/bootstrap.sh brings it)")
  endif()
endif()
