// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/provider/fault_families.hpp"

namespace calsync::simulation {
namespace {

constexpr std::string_view family = "network";

constexpr ProviderFault faults[] = {
    {"refused", family, [](FaultContext& c) { c.network(Trouble::refused); }},
    {"dns_fails", family, [](FaultContext& c) { c.network(Trouble::dns_fails); }},
    {"dns_moves", family, [](FaultContext& c) { c.network(Trouble::dns_moves); }},
    {"dns_moves_inside", family, [](FaultContext& c) { c.feed_network(Trouble::dns_moves_inside); }},
    {"tls_fails", family, [](FaultContext& c) { c.network(Trouble::tls_fails); }},
    {"reset_before_send", family, [](FaultContext& c) { c.network(Trouble::reset_before_send); }},
    {"reset_after_send", family, [](FaultContext& c) { c.network(Trouble::reset_after_send); }},
    {"stall", family, [](FaultContext& c) { c.network(Trouble::stall); }},
    {"stall_after_send", family, [](FaultContext& c) { c.network(Trouble::stall_after_send); }},
    {"drip", family, [](FaultContext& c) { c.network(Trouble::drip); }},
    {"reset_before_answer", family, [](FaultContext& c) { c.api("drop_before", R"("after_commit":true)"); }},
    {"reset_mid_body", family, [](FaultContext& c) { c.api("drop_mid_body"); }},
    {"truncated_body", family, [](FaultContext& c) { c.api("truncated"); }},
    {"slow_answer", family, [](FaultContext& c) { c.api("slow", R"("delay_ms":20000)"); }},
    {"feed_cut_off", family, [](FaultContext& c) { c.feed("truncated"); }},
    {"feed_unreachable", family, [](FaultContext& c) { c.feed("drop_before"); }},
};

}  // namespace

std::span<const ProviderFault> network_faults() { return faults; }

}  // namespace calsync::simulation
