# The four modules of OpenCV that pictures, videos and networks need, as the target attune_opencv.
# Debian's CMake configuration of OpenCV is in libopencv-dev, which brings 670 MB; the modules' own packages have none.
find_path(OpenCV_INCLUDE_DIR opencv2/dnn.hpp PATH_SUFFIXES opencv4)
mark_as_advanced(OpenCV_INCLUDE_DIR)
set(opencv_libraries "")
foreach(module IN ITEMS dnn videoio imgcodecs imgproc core)
  find_library(OpenCV_${module}_LIBRARY opencv_${module})
  mark_as_advanced(OpenCV_${module}_LIBRARY)
  list(APPEND opencv_libraries OpenCV_${module}_LIBRARY)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCV REQUIRED_VARS OpenCV_INCLUDE_DIR ${opencv_libraries})

if(OpenCV_FOUND AND NOT TARGET attune_opencv)
  add_library(attune_opencv INTERFACE)
  target_include_directories(attune_opencv SYSTEM INTERFACE "${OpenCV_INCLUDE_DIR}")
  foreach(library IN LISTS opencv_libraries)
    target_link_libraries(attune_opencv INTERFACE "${${library}}")
  endforeach()
endif()
