// SPDX-License-Identifier: MIT
// The module's version, as CHANGES has it.
#pragma once

namespace oauth::ngx {

inline constexpr char version[] = "0.1.0";

} // namespace oauth::ngx
