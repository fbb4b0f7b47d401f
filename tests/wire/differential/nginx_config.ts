import { CLIENT_KEY, UPSTREAM_KEY } from "../../kit/process/proxy_process.ts";

/** Beside the server: the upstream's connections, and who may be let in with which headers. */
export function httpBlock(upstreamPort: number): string {
  return `
  upstream api { server 127.0.0.1:${upstreamPort}; keepalive 16; }
  map $http_x_api_key $x_api_key { default bad; "" none; "${CLIENT_KEY}" good; }
  map $http_api_key $api_key { default bad; "" none; "${CLIENT_KEY}" good; }
  map $http_authorization $bearer { default bad; "" none; "~*^bearer +(?-i:${CLIENT_KEY})$" good; }
  map "$x_api_key $api_key $bearer" $client {
    default denied; "none none none" anonymous; "~good" authenticated;
  }
  map "$client $x_api_key" $x_api_key_sent { default "${UPSTREAM_KEY}"; "~(none$|^anon)" ""; }
  map "$client $api_key" $api_key_sent { default "${UPSTREAM_KEY}"; "~(none$|^anon)" ""; }
  map "$client $bearer" $bearer_sent { default "Bearer ${UPSTREAM_KEY}"; "~(none$|^anon)" ""; }
`;
}

/**
 * The most faithful proxy nginx can be told to be: no URI at `proxy_pass`, so that the target goes
 * out as it came, nothing buffered, nothing rewritten, nothing held back.
 */
export function serverBlock(upstreamPort: number): string {
  return `
    server_name localhost;
    merge_slashes off;
    underscores_in_headers on;
    ignore_invalid_headers off;
    client_max_body_size 0;
    large_client_header_buffers 8 64k;
    keepalive_requests 1000000;
    location / {
      if ($client = denied) { return 401; }
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_redirect off;
      proxy_next_upstream off;
      proxy_set_header Host 127.0.0.1:${upstreamPort};
      proxy_set_header Connection "";
      proxy_set_header X-Api-Key $x_api_key_sent;
      proxy_set_header Api-Key $api_key_sent;
      proxy_set_header Authorization $bearer_sent;
      proxy_pass_header Date;
      proxy_pass_header Server;
      proxy_pass_header X-Pad;
      proxy_pass_header X-Accel-Expires;
      proxy_pass_header X-Accel-Redirect;
      proxy_pass_header X-Accel-Limit-Rate;
      proxy_pass_header X-Accel-Buffering;
      proxy_pass_header X-Accel-Charset;
      proxy_ignore_headers X-Accel-Expires X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering
        X-Accel-Charset Expires Cache-Control Set-Cookie Vary;
    }
`;
}
