package apiproxy

import (
	"mime"
	"net/http"
	"strings"
)

// acceptJSON is an Accept header of which only JSON is left, with its parameters:
// a client takes what it is given by the answer's Content-Type. It is "" if the
// client takes no JSON.
func acceptJSON(header http.Header) string {
	all := strings.Join(header.Values("Accept"), ",")
	if strings.TrimSpace(all) == "" {
		return "application/json"
	}
	var kept []string
	for entry := range strings.SplitSeq(all, ",") {
		kind, _, err := mime.ParseMediaType(entry)
		if err != nil {
			continue
		}
		switch kind {
		case "application/json":
			kept = append(kept, strings.TrimSpace(entry))
		case "*/*", "application/*":
			kept = append(kept, "application/json")
		}
	}
	return strings.Join(kept, ", ")
}

// dropped are headers of a client's request that are about its connection or its
// body; the others go upstream with each request.
var dropped = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "If-Match",
	"If-Modified-Since", "If-None-Match", "Keep-Alive", "Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// upstreamHeader is a client's header as it goes upstream.
func upstreamHeader(of http.Header, accept string) http.Header {
	h := of.Clone()
	for _, name := range dropped {
		h.Del(name)
	}
	h.Set("Accept", accept)
	return h
}
