// SPDX-License-Identifier: MIT
// What holds while libcurl runs on behalf of the module: no signal reaches the threads that it starts, and
// what OpenSSL had to say about a provider stays out of the error queue, where nginx would take it for an
// error of whichever connection it serves next. Every call that may do work is made inside one of these.
#pragma once

#include "../core/openssl.hpp"

#include <signal.h>

namespace oauth::net {

class InLibcurl {
public:
    // libcurl's resolver threads inherit this signal mask, so that the process's signals reach only its main
    // thread. Signals for faults are not blocked.
    InLibcurl() {
        sigset_t all;
        sigfillset(&all);
        for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
            sigdelset(&all, fault);
        }
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    InLibcurl(const InLibcurl&) = delete;
    InLibcurl& operator=(const InLibcurl&) = delete;
    ~InLibcurl() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    core::QuietErrors quiet_;
    sigset_t before_;
};

} // namespace oauth::net
