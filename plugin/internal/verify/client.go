package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/workers"
)

// manager is as whom objects are tried: it owns no field, since nothing is written.
const manager = "istio-tenancy-verify"

// atOnce bounds how many requests are under way. Nothing else slows them down: an API
// server that has too much to do says so, and is asked again later.
const atOnce = 16

// patience is how long an answer may take: webhooks that are asked have half a minute.
const patience = 2 * time.Minute

// client makes the requests: reads, reviews, and writes that the API server only tries.
type client struct {
	rest    *rest.RESTClient
	context string // of the kubeconfig
	server  string // its URL

	mu    sync.Mutex
	asked int
}

// connect reads a kubeconfig, as kubectl does: "" is that of KUBECONFIG, or of the home
// directory, and its current context.
func connect(kubeconfig, name string) (*client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	from := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: name})
	raw, err := from.RawConfig()
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	switch {
	case len(raw.Contexts) == 0:
		return nil, fmt.Errorf("--kubeconfig: found no context in %s: must be a file that has one, which --kubeconfig or KUBECONFIG names", some(files(rules)))
	case name == "" && raw.CurrentContext == "":
		return nil, fmt.Errorf("--context: none is given, and the kubeconfig has no current-context: must be one of %s", some(slices.Sorted(maps.Keys(raw.Contexts))))
	case name == "":
		name = raw.CurrentContext
	}
	if _, known := raw.Contexts[name]; !known {
		names := slices.Sorted(maps.Keys(raw.Contexts))
		return nil, fmt.Errorf("--context: found %q: must be a context of the kubeconfig%s", name, suggest.Question(name, names))
	}
	config, err := from.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("--context %s: %w", name, err)
	}
	config.UserAgent, config.QPS, config.Timeout = "istio-tenancy/verify", -1, patience
	config.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	config.WarningHandler = rest.NoWarnings{}
	made, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("--context %s: %w", name, err)
	}
	return &client{rest: made, context: name, server: withoutPassword(config.Host)}, nil
}

// withoutPassword is a URL as it may be printed.
func withoutPassword(server string) string {
	if parsed, err := url.Parse(server); err == nil && parsed.User != nil {
		return parsed.Redacted()
	}
	return server
}

// files are those that a kubeconfig is read from.
func files(rules *clientcmd.ClientConfigLoadingRules) []string {
	if rules.ExplicitPath != "" {
		return []string{rules.ExplicitPath}
	}
	return rules.Precedence
}

// version is the API server's; wait is how long it may take to answer this first request.
func (c *client) version(ctx context.Context, wait time.Duration) (server version.Info, err error) {
	within, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err = c.get(within, asJSON, "/version", nil, &server)
	switch {
	case ctx.Err() == nil && within.Err() != nil:
		err = fmt.Errorf("%s has not answered within %s: must be an API server that does, or --timeout be longer", c.server, wait)
	case !isUnreachable(err): // without the right to ask for the version, too
		return server, nil
	}
	return server, fmt.Errorf("context %s: %w", c.context, err)
}

// What the API server is asked to answer with: names and labels alone, and of Secrets
// the columns that kubectl prints, which have no data.
const (
	asJSON     = "application/json"
	asMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	asNames    = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	asTable    = "application/json;as=Table;g=meta.k8s.io;v=v1"
)

func (c *client) get(ctx context.Context, accept, path string, query url.Values, into any) error {
	text, err := c.raw(ctx, accept, path, query)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (c *client) raw(ctx context.Context, accept, path string, query url.Values) ([]byte, error) {
	r := c.rest.Get().AbsPath(path).SetHeader("Accept", accept)
	return c.send(ctx, r, query)
}

// post is for reviews, which nothing is made by.
func (c *client) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r := c.rest.Post().AbsPath(path).SetHeader("Accept", asJSON).SetHeader("Content-Type", asJSON).Body(text)
	if text, err = c.send(ctx, r, nil); err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// tryApply is what would be there if an object were applied, whoever has its fields.
func (c *client) tryApply(ctx context.Context, path string, object map[string]any) (map[string]any, error) {
	return c.try(ctx, c.rest.Patch(types.ApplyPatchType).AbsPath(path), object, url.Values{"fieldManager": {manager}, "force": {"true"}, "fieldValidation": {"Ignore"}})
}

// tryUpdate is what would be there if an object took the place of what is there.
func (c *client) tryUpdate(ctx context.Context, path string, object map[string]any) (map[string]any, error) {
	return c.try(ctx, c.rest.Put().AbsPath(path).SetHeader("Content-Type", asJSON), object, url.Values{"fieldManager": {manager}, "fieldValidation": {"Ignore"}})
}

func (c *client) try(ctx context.Context, r *rest.Request, object map[string]any, query url.Values) (map[string]any, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	query.Set("dryRun", metav1.DryRunAll)
	text, err := c.send(ctx, r.SetHeader("Accept", asJSON).Body(body), query)
	if err != nil {
		return nil, err
	}
	var tried map[string]any
	return tried, json.Unmarshal(text, &tried)
}

func (c *client) send(ctx context.Context, r *rest.Request, query url.Values) ([]byte, error) {
	for key, values := range query {
		for _, value := range values {
			r = r.Param(key, value)
		}
	}
	c.mu.Lock()
	c.asked++
	c.mu.Unlock()
	result := r.Do(ctx)
	text, err := result.Raw()
	if err == nil {
		return text, nil
	}
	var status metav1.Status
	if json.Unmarshal(text, &status) == nil && status.Kind == "Status" { // which says more
		return nil, &apierrors.StatusError{ErrStatus: status}
	}
	return nil, err
}

// isUnreachable says whether no API server has answered.
func isUnreachable(err error) bool {
	var status apierrors.APIStatus
	return err != nil && !errors.As(err, &status)
}

// denied says whether it is a matter of rights, or of who somebody is.
func denied(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	return status.Status().Code == http.StatusForbidden || status.Status().Code == http.StatusUnauthorized
}

// each calls f for each of n, several at once.
func each(ctx context.Context, n int, f func(i int)) {
	workers.Each(ctx, n, atOnce, f)
}
