// The images of TCP connections: which there are, and the same with other sequence numbers.
//
// CRIU's files: images/fdinfo.proto and sk-inet.proto (files.img: two magic numbers, then for each entry its length and
// the entry), tcp-stream.proto (tcp-stream-<inode, hexadecimal>.img: two magic numbers, one entry with its length, and
// the bytes of both queues).
#pragma once

#include "protocol/readdressing.hpp"

namespace cutline::criu {

struct TcpImage {
  std::uint32_t inode = 0;
  protocol::Connection connection;
};

// From the content of files.img; what listens or is not connected has no image and is left out. Corrupt: it is none.
[[nodiscard]] Result<std::vector<TcpImage>> tcp_images(std::string_view files);

// The content of a tcp-stream image, moved on. Corrupt: it is none.
[[nodiscard]] Result<std::string> move_on(std::string_view stream, const protocol::Shift& shift);

// A folder at `to`, made anew, with all that is in `images`, which stays as it is, but with these connections moved on,
// and with other addresses: the images that change are written, the others are links to the same file. Both on one file
// system. `to` is the caller's to delete.
[[nodiscard]] Status move_on(const std::string& images, const std::string& to,
                             const std::vector<protocol::Shift>& shifts,
                             const protocol::Readdressing& readdressing = {});

}  // namespace cutline::criu
