// SPDX-License-Identifier: MIT
// See sealer.hpp. A random 96-bit nonce per message is safe for up to 2^32 messages per key (NIST SP 800-38D
// 8.3): one message per second for 130 years.
#include "sealer.hpp"

#include "../core/bytes.hpp"
#include "../core/record.hpp"

#include <algorithm>
#include <array>

namespace oauth::session {

namespace {
constexpr char format_version = 1;
constexpr std::size_t prefix_size = 2;
constexpr std::size_t prefix_characters = 4; // base64url of the prefix and one byte more

// The mark of the key that sealed it; nullopt for nearly all that others have made. Hardly anything is
// decoded.
std::optional<unsigned char> find_mark(std::string_view sealed) {
    const auto bytes = core::base64url_decode(sealed.substr(0, prefix_characters));
    const bool is_ours = bytes && bytes->size() > prefix_size && bytes->front() == format_version;
    return is_ours ? std::optional(static_cast<unsigned char>((*bytes)[1])) : std::nullopt;
}
} // namespace

std::string binding(std::string_view cookie_name, std::string_view base_url, std::string_view attached) {
    constexpr std::size_t of_numbers = 12; // bytes, at most
    core::RecordWriter record(cookie_name.size() + base_url.size() + attached.size() + of_numbers);
    record.number(format_version);
    record.text(cookie_name);
    record.text(base_url);
    if (!attached.empty()) {
        record.text(attached);
    }
    return std::move(record).finish();
}

std::optional<Sealer> Sealer::create(const std::vector<std::string>& secrets, std::string_view purpose) {
    Sealer sealer;
    for (const std::string& secret : secrets) {
        auto key = core::hkdf_sha256(secret, "ngx_http_oauth_module", purpose, core::Aead::key_size);
        if (!key) {
            return std::nullopt;
        }
        auto aead = core::Aead::create(*key);
        const auto mark = static_cast<unsigned char>(core::digest(core::Hash::sha256, *key).front());
        core::wipe(*key);
        if (!aead) {
            return std::nullopt;
        }
        sealer.keys_.push_back(Key{mark, std::move(*aead)});
    }
    if (sealer.keys_.empty()) {
        return std::nullopt;
    }
    return sealer;
}

std::optional<std::string> Sealer::seal(core::Random& random, std::string_view binding,
                                        std::string_view plaintext) {
    const auto bytes = seal_bytes(random, binding, plaintext);
    return bytes ? std::optional(core::base64url_encode(*bytes)) : std::nullopt;
}

std::optional<std::string> Sealer::seal_bytes(core::Random& random, std::string_view binding,
                                              std::string_view plaintext) {
    char nonce[core::Aead::nonce_size];
    if (!random.fill(nonce, sizeof(nonce))) {
        return std::nullopt;
    }
    Key& key = keys_.front();
    const std::string_view nonce_view(nonce, sizeof(nonce));
    const auto sealed = key.aead.seal(nonce_view, binding, plaintext);
    if (!sealed) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(prefix_size + nonce_view.size() + sealed->size());
    bytes.push_back(format_version);
    bytes.push_back(static_cast<char>(key.mark));
    bytes.append(nonce_view).append(*sealed);
    return bytes;
}

std::optional<std::string> Sealer::open(std::string_view binding, std::string_view sealed,
                                        std::string memory) {
    const auto knows_mark = [this](unsigned char mark) {
        return std::any_of(keys_.begin(), keys_.end(), [mark](const Key& key) { return key.mark == mark; });
    };
    const auto mark = sealed.size() > max_sealed ? std::nullopt : find_mark(sealed);
    if (!mark || !knows_mark(*mark)) {
        return std::nullopt;
    }
    auto bytes = core::base64url_decode(sealed, std::move(memory));
    return bytes ? open_bytes(binding, std::move(*bytes)) : std::nullopt;
}

std::optional<std::string> Sealer::open_bytes(std::string_view binding, std::string sealed) {
    constexpr std::size_t head_size = prefix_size + core::Aead::nonce_size;
    if (sealed.size() > max_sealed_bytes || sealed.size() < head_size + core::Aead::tag_size ||
        sealed.front() != format_version) {
        return std::nullopt;
    }
    std::array<char, head_size> head{};
    std::copy_n(sealed.begin(), head_size, head.begin());
    const auto mark = static_cast<unsigned char>(head[1]);
    const std::string_view nonce(head.data() + prefix_size, core::Aead::nonce_size);
    sealed.erase(0, head_size);
    const auto has_mark = [mark](const Key& key) { return key.mark == mark; };
    auto key = std::find_if(keys_.begin(), keys_.end(), has_mark);
    while (key != keys_.end()) {
        const auto next = std::find_if(key + 1, keys_.end(), has_mark);
        if (next == keys_.end()) {
            return key->aead.open(nonce, binding, std::move(sealed));
        }
        if (auto plaintext = key->aead.open(nonce, binding, sealed)) {
            return plaintext;
        }
        key = next;
    }
    return std::nullopt;
}

SealMarks Sealer::marks() const {
    SealMarks marks;
    for (const Key& key : keys_) {
        marks.marks_.set(key.mark);
    }
    return marks;
}

SealMarks::Look SealMarks::look_at(std::string_view value) const {
    constexpr std::size_t least = prefix_size + core::Aead::nonce_size + core::Aead::tag_size;
    const std::string_view sealed = value.substr(0, value.find('.')); // what is attached stands behind a dot
    const auto mark = sealed.size() > Sealer::max_sealed ? std::nullopt : find_mark(sealed);
    if (!mark || sealed.size() * 3 / 4 < least || !core::is_base64url(sealed)) {
        return Look::no_seal;
    }
    return marks_.test(*mark) ? Look::own_key : Look::other_key;
}

} // namespace oauth::session
