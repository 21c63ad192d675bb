#include "report/kernel_name.h"

#include <algorithm>
#include <array>

namespace datamon::report {
namespace {

constexpr std::string_view kAnonymous = "(anonymous namespace)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A type of the job's own: those of the language have no name when mangled.
bool is_plain_name(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kBuiltIn = {
      "bool", "char", "double", "float", "int", "long", "short", "signed", "unsigned", "void"};
  return !text.empty() && !is_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), is_word) &&
         std::find(kBuiltIn.begin(), kBuiltIn.end(), text) == kBuiltIn.end() && text != "true" &&
         text != "false";
}

std::string with_argument(std::string function, std::string_view argument) {
  if (!function.empty() && is_plain_name(argument)) function.append("<").append(argument) += '>';
  return function;
}

// Takes "12abcdefghijkl" from the front; "" if that is not what is there.
std::string_view take_source_name(std::string_view& rest) {
  std::size_t bytes = 0, digits = 0;
  while (digits < rest.size() && digits < 5 && is_digit(rest[digits]))
    bytes = bytes * 10 + static_cast<std::size_t>(rest[digits++] - '0');
  if (digits == 0 || bytes > rest.size() - digits) return {};
  const std::string_view name = rest.substr(digits, bytes);
  rest.remove_prefix(digits + bytes);
  return name;
}

// What stands behind "_Z": [L] N ... E, or one name; then I and the template
// arguments. "" for everything else: no kernel is a member or local to a function.
std::string mangled(std::string_view rest) {
  std::string function;
  const bool nested = rest.starts_with('N');
  if (nested) rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != 'I' && rest.front() != 'E') {
    std::string_view name;
    if (rest.starts_with("St")) {
      rest.remove_prefix(2);
      name = "std";
    } else {
      if (rest.starts_with('L')) rest.remove_prefix(1);  // static
      name = take_source_name(rest);
    }
    if (name.empty()) return {};
    if (!function.empty()) function += "::";
    function += name.starts_with("_GLOBAL__N") ? kAnonymous : name;
    if (!nested && name != "std") break;
  }
  if (!rest.starts_with('I')) return function;
  rest.remove_prefix(1);
  return with_argument(std::move(function), take_source_name(rest));
}

// "std::enable_if<(a)>(b), void>::type at::(anonymous namespace)::k<4, Op>(int)".
std::string written_out(std::string_view text) {
  std::string function;
  std::string_view argument;
  std::size_t argument_from = 0;
  int angles = 0, parentheses = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (angles == 0) {
      if (text.substr(i).starts_with(kAnonymous)) {
        function += kAnonymous;
        i += kAnonymous.size() - 1;
      } else if (c == ' ') {  // what was before is the type that it returns
        function.clear();
        argument = {};
      } else if (c == '(') {
        break;
      } else if (c == '<') {
        angles = 1;
        argument_from = i + 1;
      } else {
        function += c;
      }
      continue;
    }
    if (c == '(') ++parentheses;
    if (c == ')' && parentheses > 0) --parentheses;
    if (parentheses > 0) continue;  // a comparison
    const bool ends_argument = angles == 1 && (c == ',' || c == '>');
    if (ends_argument && argument.empty()) argument = text.substr(argument_from, i - argument_from);
    if (c == '<') ++angles;
    if (c == '>') --angles;
  }
  return with_argument(std::move(function), argument);
}

}  // namespace

std::string kernel_function(std::string_view name) {
  constexpr std::string_view kVoid = "void ";
  if (name.size() > kVoid.size() && name.starts_with(kVoid)) name.remove_prefix(kVoid.size());
  std::string function;
  if (name.starts_with("_Z"))
    function = mangled(name.substr(2));
  else if (name.find_first_of("<(") != name.npos)
    function = written_out(name);
  if (function.empty()) function = name;
  if (function.size() > kMostKernelName) function.resize(kMostKernelName);
  return function;
}

}  // namespace datamon::report
