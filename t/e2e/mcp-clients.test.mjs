// SPDX-License-Identifier: MIT
// MCP-30: the official libraries of the Model Context Protocol as clients, of both generations, and as the server behind nginx: they find everything from the first
// 401, register, sign somebody in, call tools, are refused with another resource's token, get a scope that they lack, and refresh.
import assert from 'node:assert/strict';
import { bearer, challengeOf } from './lib/access-tokens.mjs';
import { Browser } from './lib/browser.mjs';
import { e2e } from './lib/harness.mjs';
import { Keeper, ToolClient, ToolServer, authorizationServer, callback, generations } from './lib/mcp.mjs';
import { freePort } from './lib/ports.mjs';

async function toolSite(h, options = {}) {
  const provider = await authorizationServer(h, options);
  const tools = await new ToolServer().start();
  h.closers.push(() => tools.stop());
  const port = await freePort();
  const origin = 'http://127.0.0.1:' + port;
  const place = (path) => `location ${path} { oauth_mcp on; proxy_pass ${tools.url}; proxy_set_header Host $host; }`;
  const nginx = await h.nginx(port, `
    oauth_provider as oidc { issuer ${provider.issuer}; client_id server; client_secret unused-secret; }
    map $http_mcp_name $is_plain { default 1; admin 0; }
    server {
        listen 127.0.0.1:${port}; oauth on; oauth_clock_skew 0;
        oauth_allow scope=tools if=$is_plain;
        oauth_allow scope=tools scope=admin;
        ${place('/mcp')} ${place('/other')}
    }`);
  const redirect = await callback(h);
  return { provider, tools, nginx, origin, redirect };
}

// 2.x asks for refresh tokens by itself.
const scopesOf = (parameters) => parameters.get('scope').split(' ').filter((scope) => scope !== 'offline_access').sort();

for (const generation of generations) {
  e2e(`MCP-30 a client of ${generation} needs nothing but the address: it registers, its user signs in, and a tool is called`, async (h) => {
    const site = await toolSite(h);
    h.allowLog(/access token/);
    const keeper = new Keeper(site.redirect);
    const client = await new ToolClient(generation, site.origin + '/mcp', keeper).connect();
    assert.equal(await client.call('whoami', 'hello'), 'whoami hello as|alice@example.org');
    assert.equal(keeper.registrations, 1);
    assert.equal(keeper.signIns.length, 1);
    const asked = keeper.signIns[0].searchParams;
    assert.equal(asked.get('resource'), site.origin + '/mcp');
    assert.deepEqual(scopesOf(asked), ['tools'], 'what the first 401 says');
    assert.ok(site.tools.requests.every((request) => request.headers.authorization === undefined));
    assert.deepEqual(site.provider.errors, []);

    const other = await new Browser().fetch(site.origin + '/other', { method: 'POST', body: '{}', headers: bearer(keeper.kept.access_token) });
    assert.equal(other.status, 401, 'a token of another resource');
    assert.equal(challengeOf(other).error, 'invalid_token');
    const second = await new ToolClient(generation, site.origin + '/other', new Keeper(site.redirect)).connect();
    assert.equal(await second.call('whoami', 'again'), 'whoami again as|alice@example.org');
    await Promise.all([client.close(), second.close()]);
  });

  e2e(`MCP-30 a client of ${generation} that lacks a scope is told, asks its user for it, and gets it`, async (h) => {
    const site = await toolSite(h);
    h.allowLog(/policy_denied/);
    const keeper = new Keeper(site.redirect);
    const client = await new ToolClient(generation, site.origin + '/mcp', keeper).connect();
    assert.equal(await client.call('whoami', 'a'), 'whoami a as|alice@example.org');
    assert.equal(await client.call('admin', 'b'), 'admin b as|alice@example.org');
    assert.equal(keeper.signIns.length, 2);
    assert.deepEqual(scopesOf(keeper.signIns[1].searchParams), ['admin', 'tools']);
    await client.close();
  });

  e2e(`MCP-30 a client of ${generation} refreshes when its token has ended, without its user`, async (h) => {
    const site = await toolSite(h, { refreshes: true, ttl: 3 });
    h.allowLog(/access token/);
    const keeper = new Keeper(site.redirect);
    const client = await new ToolClient(generation, site.origin + '/mcp', keeper).connect();
    assert.equal(await client.call('whoami', 'a'), 'whoami a as|alice@example.org');
    const before = keeper.kept.access_token;
    await new Promise((resolve) => setTimeout(resolve, 4500));
    assert.equal(await client.call('whoami', 'b'), 'whoami b as|alice@example.org');
    assert.notEqual(keeper.kept.access_token, before);
    assert.equal(keeper.signIns.length, 1);
    await client.close();
  });
}
