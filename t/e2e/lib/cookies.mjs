// SPDX-License-Identifier: MIT
// A cookie jar with the parts of RFC 6265bis that matter to the module: host or domain, path, Secure, the __Host- and __Secure- names,
// expiry, replacement. Ports do not separate cookies; SameSite is not modelled.
export class CookieJar {
  constructor(cookies = []) {
    this.cookies = cookies;
    this.refused = [];
  }

  clone() {
    return new CookieJar(this.cookies.map((cookie) => ({ ...cookie })));
  }

  store(header, url) {
    const [pair, ...attributes] = header.split(';');
    const equals = pair.indexOf('=');
    const cookie = { name: pair.slice(0, equals).trim(), value: pair.slice(equals + 1).trim(), domain: url.hostname, hostOnly: true,
      path: defaultPath(url.pathname), secure: false, httpOnly: false, expires: Infinity };
    for (const attribute of attributes) {
      apply(cookie, attribute.trim());
    }
    const secureOrigin = url.protocol === 'https:';
    const good = equals > 0 && domainMatches(url.hostname, cookie.domain) && (!cookie.secure || secureOrigin)
      && (!cookie.name.startsWith('__Secure-') || cookie.secure)
      && (!cookie.name.startsWith('__Host-') || (cookie.secure && cookie.hostOnly && cookie.path === '/'))
      && Buffer.byteLength(cookie.name + cookie.value) <= 4096;
    if (!good) {
      this.refused.push(header);
      return;
    }
    this.cookies = this.cookies.filter((old) => !(old.name === cookie.name && old.domain === cookie.domain && old.path === cookie.path));
    if (cookie.expires > Date.now()) {
      this.cookies.push(cookie);
    }
  }

  matching(url) {
    return this.cookies.filter((cookie) => cookie.expires > Date.now()
      && (cookie.hostOnly ? cookie.domain === url.hostname : domainMatches(url.hostname, cookie.domain))
      && pathMatches(url.pathname, cookie.path) && (!cookie.secure || url.protocol === 'https:'));
  }

  header(url) {
    return this.matching(url).sort((a, b) => b.path.length - a.path.length).map((cookie) => cookie.name + '=' + cookie.value).join('; ');
  }

  names() {
    return this.cookies.map((cookie) => cookie.name);
  }

  get(name) {
    return this.cookies.find((cookie) => cookie.name === name);
  }

  set(name, value, url) {
    this.store(`${name}=${value}; Path=/`, new URL(url));
  }

  delete(pattern) {
    this.cookies = this.cookies.filter((cookie) => !pattern.test(cookie.name));
  }
}

function apply(cookie, attribute) {
  const [name, value = ''] = [attribute.split('=')[0].toLowerCase(), attribute.slice(attribute.indexOf('=') + 1)];
  if (name === 'domain' && value) {
    cookie.domain = value.replace(/^\./, '').toLowerCase();
    cookie.hostOnly = false;
  } else if (name === 'path' && value.startsWith('/')) {
    cookie.path = value;
  } else if (name === 'secure') {
    cookie.secure = true;
  } else if (name === 'httponly') {
    cookie.httpOnly = true;
  } else if (name === 'samesite') {
    cookie.sameSite = value.toLowerCase();
  } else if (name === 'max-age') {
    cookie.expires = Number(value) <= 0 ? 0 : Date.now() + Number(value) * 1000;
    cookie.maxAge = Number(value);
  } else if (name === 'expires' && cookie.maxAge === undefined) {
    cookie.expires = Date.parse(value);
  }
}

function defaultPath(pathname) {
  const slash = pathname.lastIndexOf('/');
  return slash <= 0 ? '/' : pathname.slice(0, slash);
}

function domainMatches(host, domain) {
  return host === domain || (host.endsWith('.' + domain) && !/^[\d.]+$/.test(host));
}

function pathMatches(pathname, path) {
  return pathname === path || (pathname.startsWith(path) && (path.endsWith('/') || pathname[path.length] === '/'));
}
