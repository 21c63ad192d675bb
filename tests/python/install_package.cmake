# cmake -DBUILD=folder -DENVIRONMENT=folder -P install_package.cmake
# Installs the Python package of a build into an environment, in place of an earlier one.
file(GLOB packages ${ENVIRONMENT}/lib/python3.*/site-packages)
if(NOT packages)
  message(FATAL_ERROR "${ENVIRONMENT} is no Python environment: scripts/bootstrap.sh torch makes it")
endif()
file(REMOVE_RECURSE ${packages}/datamon)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --component python --prefix ${packages}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
