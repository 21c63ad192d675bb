/* Decodes a PNG by rows, as a whole and by the simplified interface, a WebP and,
 * with libturbojpeg, a JPEG: `decoders_job PNG WEBP JPEG` prints their checksums. */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <webp/decode.h>

static uint64_t sum_of(const unsigned char* bytes, size_t count) {
  uint64_t sum = 14695981039346656037u;
  for (size_t i = 0; i < count; ++i) sum = (sum ^ bytes[i]) * 1099511628211u;
  return sum;
}

static unsigned char* content(const char* path, size_t* bytes) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) exit(3);
  unsigned char* data = malloc(1 << 22);
  *bytes = fread(data, 1, 1 << 22, file);
  fclose(file);
  return data;
}

/* Each image is decoded as `how` says: 'r' rows, 'i' image, 'e' an error in it. */
static uint64_t png(const char* path, char how) {
  FILE* file = fopen(path, "rb");
  png_structp reader = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(reader);
  unsigned char* volatile pixels = NULL;
  png_bytep* volatile rows = NULL;
  volatile uint64_t sum = 0;
  if (file == NULL) exit(3);
  if (setjmp(png_jmpbuf(reader)) == 0) {
    png_init_io(reader, file);
    png_read_info(reader, info);
    png_read_update_info(reader, info);
    const size_t stride = png_get_rowbytes(reader, info),
                 height = png_get_image_height(reader, info);
    pixels = malloc(stride * height);
    rows = malloc(height * sizeof *rows);
    for (size_t i = 0; i < height; ++i) rows[i] = pixels + i * stride;
    if (how == 'i') png_read_image(reader, rows);
    for (size_t i = 0; how != 'i' && i < height; ++i) {
      if (how == 'e' && i == height / 2) png_error(reader, "given up");
      png_read_row(reader, rows[i], NULL);
    }
    png_read_end(reader, NULL);
    sum = sum_of(pixels, stride * height);
  }
  png_destroy_read_struct(&reader, &info, NULL);
  free(pixels);
  free(rows);
  fclose(file);
  return sum;
}

static uint64_t png_simply(const char* path) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path)) return 0;
  image.format = PNG_FORMAT_RGB;
  unsigned char* pixels = malloc(PNG_IMAGE_SIZE(image));
  const int done = png_image_finish_read(&image, NULL, pixels, 0, NULL);
  const uint64_t sum = done ? sum_of(pixels, PNG_IMAGE_SIZE(image)) : 0;
  free(pixels);
  return sum;
}

static uint64_t webp(const char* path) {
  size_t bytes;
  int width, height;
  unsigned char* data = content(path, &bytes);
  unsigned char* pixels = WebPDecodeRGB(data, bytes, &width, &height);
  const uint64_t sum = pixels ? sum_of(pixels, (size_t)width * (size_t)height * 3) : 0;
  WebPFree(pixels);
  free(data);
  return sum;
}

static uint64_t turbojpeg(const char* path) {
  size_t bytes;
  int width, height, subsampling, colours;
  unsigned char* data = content(path, &bytes);
  tjhandle handle = tjInitDecompress();
  if (tjDecompressHeader3(handle, data, bytes, &width, &height, &subsampling, &colours) != 0)
    return 0;
  unsigned char* pixels = malloc((size_t)width * (size_t)height * 3);
  const int failed = tjDecompress2(handle, data, bytes, pixels, width, 0, height, TJPF_RGB, 0);
  const uint64_t sum = failed ? 0 : sum_of(pixels, (size_t)width * (size_t)height * 3);
  tjDestroy(handle);
  free(pixels);
  free(data);
  return sum;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const uint64_t sums[] = {png(argv[1], 'r'),   png(argv[1], 'i'), png(argv[1], 'e'),
                           png_simply(argv[1]), webp(argv[2]),     turbojpeg(argv[3])};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; ++i)
    printf("%016llx\n", (unsigned long long)sums[i]);
  return 0;
}
