#include "pipeline/ops/jpeg_entropy.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if __has_include(<jpegint.h>)
extern "C" {
#include <jpegint.h>
}
#endif

namespace datamon::pipeline {

#if __has_include(<jpegint.h>) && defined(LIBJPEG_TURBO_VERSION)

namespace {

// The reader lives in registers only if everything that touches it is inlined.
#define DATAMON_INLINE __attribute__((always_inline)) inline

#if defined(__x86_64__)
#define DATAMON_BMI2 __attribute__((target("bmi,bmi2")))
bool has_bmi2() { return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"); }
#else
#define DATAMON_BMI2
bool has_bmi2() { return false; }
#endif

constexpr int kMaxBlocksInMcu = D_MAX_BLOCKS_IN_MCU;

// Natural order of the coefficients of a block; broken data may go up to 16 beyond the last, which
// libjpeg stores in the last place.
constexpr std::uint8_t kNaturalOrder[DCTSIZE2 + 16] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33,
    40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36,
    29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63};

[[noreturn]] void fail(j_decompress_ptr cinfo, int code) {
  cinfo->err->msg_code = code;
  cinfo->err->error_exit(reinterpret_cast<j_common_ptr>(cinfo));
  __builtin_unreachable();
}

// The bits of the scan. They stand at the top of a 64-bit word; stuffed zero bytes are taken out,
// and behind the marker that ends the scan zeros follow.
class BitReader {
 public:
  static constexpr int kEnough = 32;  // for a code of 16 bits and a number of 15

  void start(const JOCTET* next, std::size_t size) {
    *this = {};
    next_ = next;
    end_ = next + size;
  }

  std::uint64_t bits() const { return bits_; }

  DATAMON_INLINE void need_token() {
    if (count_ < kEnough) {
      refill();
    }
  }

  DATAMON_INLINE void drop(int count) {
    bits_ <<= count;
    count_ -= count;
  }

  // Whether bits behind the end of the scan were used.
  bool overrun() const { return count_ < padding_; }

 private:
  DATAMON_INLINE void refill() {
    if (end_ - next_ >= 8) {
      std::uint64_t word;
      std::memcpy(&word, next_, sizeof word);
      const std::uint64_t inverted = ~word;
      const bool has_ff = ((inverted - 0x0101010101010101U) & word & 0x8080808080808080U) != 0;
      if (!has_ff) {
        if constexpr (std::endian::native == std::endian::little) {
          word = __builtin_bswap64(word);
        }
        bits_ |= word >> count_;
        const int bytes = (63 - count_) >> 3;
        next_ += bytes;
        count_ += bytes * 8;
        // The bits of a byte that did not fit wholly are put in again by the next refill.
        return;
      }
    }
    *this = refilled_bytewise(*this);
  }

  // Takes and gives copies, so that the reader itself can stay in registers.
  __attribute__((noinline)) static BitReader refilled_bytewise(BitReader reader) {
    while (reader.count_ <= 56) {
      std::uint64_t byte = 0;
      if (reader.padding_ > 0 || !reader.take_byte(byte)) {
        reader.padding_ += 8;
      }
      reader.bits_ |= byte << (56 - reader.count_);
      reader.count_ += 8;
    }
    return reader;
  }

  // False at a marker, where the reader stays.
  bool take_byte(std::uint64_t& byte) {
    if (next_ == end_) {
      return false;
    }
    if (*next_ != 0xFF) {
      byte = *next_++;
      return true;
    }
    const JOCTET* after = std::find_if(next_, end_, [](JOCTET b) { return b != 0xFF; });
    if (after == end_ || *after != 0) {
      return false;
    }
    next_ = after + 1;
    byte = 0xFF;
    return true;
  }

  const JOCTET* next_ = nullptr;
  const JOCTET* end_ = nullptr;
  std::uint64_t bits_ = 0;
  int count_ = 0;    // valid bits, zeros behind the end included
  int padding_ = 0;  // zeros behind the end that were put in
};

}  // namespace

struct JpegEntropy::Decoder : jpeg_entropy_decoder {
  struct Block {
    const HuffmanTable* dc = nullptr;
    const HuffmanTable* ac = nullptr;
    int component = 0;
  };

  void start(j_decompress_ptr cinfo, JDIMENSION first_column, JDIMENSION columns);
  DATAMON_INLINE void decode(j_decompress_ptr cinfo, JBLOCKROW* to);
  static boolean on_mcu(j_decompress_ptr cinfo, JBLOCKROW* to);
  static boolean on_mcu_bmi2(j_decompress_ptr cinfo, JBLOCKROW* to);
  static void on_start(j_decompress_ptr) {}

  BitReader reader;
  std::array<Block, kMaxBlocksInMcu> blocks;
  std::array<unsigned, MAX_COMPS_IN_SCAN> last_dc{};
  JDIMENSION column = 0;  // of the next MCU
  JDIMENSION first_column = 0;
  JDIMENSION last_column = 0;
  std::array<HuffmanTable, NUM_HUFF_TBLS> dc_tables;
  std::array<HuffmanTable, NUM_HUFF_TBLS> ac_tables;
};

namespace {

[[gnu::noinline]] HuffmanToken long_token(std::uint64_t bits, const HuffmanTable& table,
                                          bool overrun, j_decompress_ptr cinfo) {
  const HuffmanToken token = table.look_long(bits);
  if (token.bits == 0) {
    fail(cinfo, overrun ? JWRN_HIT_MARKER : JWRN_HUFF_BAD_CODE);
  }
  return token;
}

DATAMON_INLINE HuffmanToken next_token(BitReader& reader, const HuffmanTable& table,
                                       j_decompress_ptr cinfo) {
  reader.need_token();
  const HuffmanToken& token = table.look(reader.bits());
  if (token.bits == 0) [[unlikely]] {
    return long_token(reader.bits(), table, reader.overrun(), cinfo);
  }
  return token;
}

// The token's number; its bits are used up.
DATAMON_INLINE int take_value(BitReader& reader, const HuffmanToken& token) {
  const int value = signed_number(reader.bits() << token.code_bits, token.size);
  reader.drop(token.bits);
  return value;
}

DATAMON_INLINE void store_coefficients(BitReader& reader, const HuffmanTable& table,
                                       j_decompress_ptr cinfo, JCOEF* block) {
  for (unsigned k = 1; k < DCTSIZE2; ++k) {
    const HuffmanToken token = next_token(reader, table, cinfo);
    k += token.run;
    const int value = take_value(reader, token);
    if (k >= HuffmanTable::kEndOfBlock) {
      break;
    }
    block[kNaturalOrder[k]] = static_cast<JCOEF>(value);
  }
}

DATAMON_INLINE void pass_over_coefficients(BitReader& reader, const HuffmanTable& table,
                                           j_decompress_ptr cinfo) {
  for (unsigned k = 1; k < DCTSIZE2; ++k) {
    const HuffmanToken token = next_token(reader, table, cinfo);
    k += token.run;
    reader.drop(token.bits);
  }
}

}  // namespace

void JpegEntropy::Decoder::start(j_decompress_ptr cinfo, JDIMENSION first, JDIMENSION columns) {
  start_pass = on_start;
  decode_mcu = has_bmi2() ? on_mcu_bmi2 : on_mcu;
  insufficient_data = FALSE;
  reader.start(cinfo->src->next_input_byte, cinfo->src->bytes_in_buffer);
  last_dc = {};
  const unsigned mcu_width =
      cinfo->num_components == 1 ? DCTSIZE : DCTSIZE * unsigned(cinfo->max_h_samp_factor);
  column = 0;
  first_column = first / mcu_width;
  last_column = (first + columns - 1) / mcu_width;
  for (int i = 0; i < cinfo->blocks_in_MCU; ++i) {
    const int component = cinfo->MCU_membership[i];
    const jpeg_component_info& info = *cinfo->cur_comp_info[component];
    HuffmanTable& dc = dc_tables[static_cast<std::size_t>(info.dc_tbl_no)];
    HuffmanTable& ac = ac_tables[static_cast<std::size_t>(info.ac_tbl_no)];
    dc.prepare(*cinfo->dc_huff_tbl_ptrs[info.dc_tbl_no], true);
    ac.prepare(*cinfo->ac_huff_tbl_ptrs[info.ac_tbl_no], false);
    blocks[static_cast<std::size_t>(i)] = {&dc, &ac, component};
  }
}

// `to` is null where libjpeg skips rows.
void JpegEntropy::Decoder::decode(j_decompress_ptr cinfo, JBLOCKROW* to) {
  const bool wanted = to != nullptr && column >= first_column && column <= last_column;
  column = column + 1 == cinfo->MCUs_per_row ? 0 : column + 1;
  BitReader local = reader;  // in registers while the MCU is decoded
  for (int i = 0; i < cinfo->blocks_in_MCU; ++i) {
    const Block& block = blocks[static_cast<std::size_t>(i)];
    const HuffmanToken token = next_token(local, *block.dc, cinfo);
    unsigned& dc = last_dc[static_cast<std::size_t>(block.component)];
    dc += static_cast<unsigned>(take_value(local, token));
    if (wanted) {
      JCOEF* coefficients = *to[i];
      coefficients[0] = static_cast<JCOEF>(dc);
      store_coefficients(local, *block.ac, cinfo, coefficients);
    } else {
      pass_over_coefficients(local, *block.ac, cinfo);
    }
  }
  reader = local;
  if (reader.overrun()) {
    fail(cinfo, JWRN_HIT_MARKER);
  }
}

boolean JpegEntropy::Decoder::on_mcu(j_decompress_ptr cinfo, JBLOCKROW* to) {
  static_cast<Decoder*>(cinfo->entropy)->decode(cinfo, to);
  return TRUE;
}

// The same with shifts that need no particular register.
DATAMON_BMI2 boolean JpegEntropy::Decoder::on_mcu_bmi2(j_decompress_ptr cinfo, JBLOCKROW* to) {
  static_cast<Decoder*>(cinfo->entropy)->decode(cinfo, to);
  return TRUE;
}

JpegEntropy::JpegEntropy() : decoder_(std::make_unique<Decoder>()) {}

void JpegEntropy::take_over(j_decompress_ptr cinfo, JDIMENSION first_column, JDIMENSION columns) {
  const bool sequential = cinfo->progressive_mode == FALSE && cinfo->arith_code == FALSE &&
                          cinfo->Ss == 0 && cinfo->Se == DCTSIZE2 - 1;
  const bool one_scan = cinfo->comps_in_scan == cinfo->num_components;
  if (sequential && one_scan && cinfo->restart_interval == 0) {
    decoder_->start(cinfo, first_column, columns);
    cinfo->entropy = decoder_.get();
  }
}

#else

struct JpegEntropy::Decoder {};
JpegEntropy::JpegEntropy() = default;
void JpegEntropy::take_over(j_decompress_ptr, JDIMENSION, JDIMENSION) {}

#endif

JpegEntropy::~JpegEntropy() = default;

}  // namespace datamon::pipeline
