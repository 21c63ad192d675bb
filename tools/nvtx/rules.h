// Which stage a range is, by its name: the rules of MON_NVTX_RULES, then the
// built-in ones (the table in rules.cpp), the first that matches.
//
// A pattern has * and ?; capitals and small letters are the same, and so are
// blank, '_' and '-'. It is matched against the range's name and, in a named
// domain, against DOMAIN/NAME. What stands behind '=' is a stage:
//   decode         a built-in one
//   transform/aug  one of one's own, of the class of what stands before the slash
//   transform/*    the same, with the range's name in place of the *
//   -              none: such ranges are not recorded
//
// Thread-safe after load_rules(). Nothing throws or allocates.
#pragma once

#include <string_view>

namespace datamon::nvtx {

inline constexpr const char* kRulesVariable = "MON_NVTX_RULES";

// Takes rules "PATTERN=STAGE", separated by ';' or newlines, in place of those
// taken before. False: `text` has some that cannot be understood (no '=', an
// empty side) or is too long; they are left out.
bool load_rules(std::string_view text);

// The target of the first rule that matches, or "" if none does.
std::string_view find_rule(std::string_view domain, std::string_view name);

// True if `pattern` matches all of `text`.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace datamon::nvtx
