/* A plug-in that decodes a JPEG in memory with the libjpeg that it is linked
 * with: loaded RTLD_LOCAL, so nobody else sees which one that is. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
/* clang-format off: jpeglib.h needs stdio.h */
#include <jpeglib.h>
/* clang-format on */

__attribute__((visibility("default"))) unsigned long decode_sum(const unsigned char* data,
                                                                unsigned long bytes) {
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr error;
  unsigned long sum = 0;
  jpeg.err = jpeg_std_error(&error);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, (unsigned char*)data, bytes);
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  const size_t width = jpeg.output_width * (size_t)jpeg.output_components;
  JSAMPLE* row = malloc(width);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPLE* rows[1] = {row};
    jpeg_read_scanlines(&jpeg, rows, 1);
    for (size_t i = 0; i < width; ++i) sum += row[i];
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  free(row);
  return sum;
}
