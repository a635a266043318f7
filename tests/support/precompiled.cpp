// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Nothing: the target that compiles precompiled.hpp must have a source.
