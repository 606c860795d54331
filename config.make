# SPDX-License-Identifier: MIT
# nginx compiles C++ with the C compiler's flags and has none for C++ alone: per object, then. It also makes every warning an error;
# here only the project's own runs do (make OAUTH_WARNINGS=-Werror), so that a newer compiler can build what an older one was silent about.

echo "OAUTH_WARNINGS ?= -Wno-error" >> $NGX_MAKEFILE
echo "$NGX_OBJS/ngx_http_oauth_module_modules.o: CFLAGS += \$(OAUTH_WARNINGS)" >> $NGX_MAKEFILE
for oauth_source in $oauth_sources; do
    oauth_object=$NGX_OBJS/addon/`basename \`dirname $oauth_source\``/`basename $oauth_source .cpp`.o
    echo "$oauth_object: CFLAGS += -std=c++20 -O2 -Wextra -fvisibility=hidden -fvisibility-inlines-hidden -fno-semantic-interposition \$(OAUTH_WARNINGS)" >> $NGX_MAKEFILE
done
