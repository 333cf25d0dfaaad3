#include "protocol/provider/quiet_bio.hpp"

#include <openssl/bio.h>

#include <sys/socket.h>

#include <cerrno>

namespace perennial {

namespace {

int fd_of(BIO* bio) {
  int fd = -1;
  BIO_get_fd(bio, &fd);
  return fd;
}

bool is_temporary(int error) { return error == EAGAIN || error == EINTR; }

int write_socket(BIO* bio, const char* data, size_t size, size_t* written) {
  BIO_clear_retry_flags(bio);
  const auto n = ::send(fd_of(bio), data, size, MSG_NOSIGNAL);
  if (n < 0) {
    if (is_temporary(errno)) BIO_set_retry_write(bio);
    return 0;
  }
  *written = static_cast<size_t>(n);
  *static_cast<size_t*>(BIO_get_app_data(bio)) += *written;
  return 1;
}

const BIO_METHOD* quiet_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(
      BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "socket without SIGPIPE");
    const BIO_METHOD* plain = BIO_s_socket();
    BIO_meth_set_write_ex(made, write_socket);
    BIO_meth_set_read(made, BIO_meth_get_read(plain));
    BIO_meth_set_ctrl(made, BIO_meth_get_ctrl(plain));
    BIO_meth_set_create(made, BIO_meth_get_create(plain));
    BIO_meth_set_destroy(made, BIO_meth_get_destroy(plain));
    return made;
  }();
  return method;
}

} // namespace

BIO* make_quiet_bio(int fd, size_t& sent) {
  BIO* bio = BIO_new(quiet_method());
  if (!bio) return nullptr;
  BIO_set_fd(bio, fd, BIO_NOCLOSE);
  BIO_set_app_data(bio, &sent);
  return bio;
}

} // namespace perennial
