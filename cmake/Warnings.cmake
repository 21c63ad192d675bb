# Our own targets are compiled with warnings as errors: datamon_warnings(target...).
option(DATAMON_WERROR "Treat warnings as errors" ON)

function(datamon_warnings)
  foreach(target IN LISTS ARGN)
    target_compile_options(${target} PRIVATE
      "$<$<COMPILE_LANGUAGE:C,CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Wno-sign-conversion>"
      "$<$<AND:$<COMPILE_LANGUAGE:C,CXX>,$<BOOL:${DATAMON_WERROR}>>:-Werror>"
      # What nvcc passes to the host's compiler is generated in part: pedantry would hit that.
      "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow>"
      "$<$<AND:$<COMPILE_LANGUAGE:CUDA>,$<BOOL:${DATAMON_WERROR}>>:-Werror=all-warnings>")
    # GCC's thread sanitizer does not model fences and says so; they stay where a reader in
    # another process needs them.
    if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
  endforeach()
endfunction()
