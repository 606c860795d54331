# SPDX-License-Identifier: MIT
# nginx compiles C++ with the C compiler's flags and has none for C++ alone: per object, then.

for oauth_source in $oauth_sources; do
    oauth_object=$NGX_OBJS/addon/`basename \`dirname $oauth_source\``/`basename $oauth_source .cpp`.o
    echo "$oauth_object: CFLAGS += -std=c++20 -O2 -Wextra -fvisibility=hidden -fvisibility-inlines-hidden -fno-semantic-interposition" >> $NGX_MAKEFILE
done
