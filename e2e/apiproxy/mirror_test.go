package apiproxy

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// mirror is a client's copy of a list.
type mirror struct {
	name  string
	what  selection
	state func() map[string]string // namespace/name: resourceVersion
}

func (w *watcher) mirror() mirror { return mirror{w.name, w.what, w.state} }

// newInformer runs a real informer until the context ends: with the proxy's
// kubeconfig, at another address of the proxy.
func newInformer(ctx context.Context, t testing.TB, kubeconfig, address string, what selection, version string) mirror {
	config, err := clientcmd.BuildConfigFromFlags(address, kubeconfig)
	require.NoError(t, err)
	if version == "HTTP/1.1" {
		config.NextProtos = []string{"http/1.1"}
	}
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, metav1.NamespaceAll, func(o *metav1.ListOptions) {
		o.LabelSelector, o.FieldSelector = what.selectors.Get("labelSelector"), what.selectors.Get("fieldSelector")
	})
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(what.resource, "/apis/"), "/api/"), "/")
	resource := schema.GroupVersionResource{Version: parts[len(parts)-2], Resource: parts[len(parts)-1]}
	if len(parts) == 3 {
		resource.Group = parts[0]
	}
	informer := factory.ForResource(resource).Informer()
	require.NoError(t, informer.SetWatchErrorHandler(func(*cache.Reflector, error) {})) // there are many, on purpose
	go informer.Run(ctx.Done())
	return mirror{"informer over " + version, what, func() map[string]string {
		state := map[string]string{}
		for _, item := range informer.GetStore().List() {
			if o, err := meta.Accessor(item); err == nil {
				state[o.GetNamespace()+"/"+o.GetName()] = o.GetResourceVersion()
			}
		}
		return state
	}}
}

// truth is what the cluster administrator reads in the namespaces, one by one.
func truth(admin *cluster.Client, what selection, namespaces []string) (map[string]string, error) {
	state := map[string]string{}
	for _, namespace := range namespaces {
		items, err := admin.Items(kind{resource: what.resource}.in(namespace) + "?" + what.selectors.Encode())
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			state[item.GetNamespace()+"/"+item.GetName()] = item.GetResourceVersion()
		}
	}
	return state, nil
}

// settle waits until every mirror shows what the API server has, while nobody
// writes, and returns how each differs that never does.
func settle(admin *cluster.Client, mirrors []mirror, namespaces []string, limit time.Duration) (map[int]string, error) {
	want := map[string]map[string]string{}
	for _, m := range mirrors {
		if key := m.what.String(); want[key] == nil {
			// An API server that has just started, or has a kind since a moment, says that it is not ready.
			if err := cluster.Eventually(10*time.Second, func() (err error) {
				want[key], err = truth(admin, m.what, namespaces)
				return err
			}); err != nil {
				return nil, err
			}
		}
	}
	wrong := map[int]string{}
	deadline := time.Now().Add(limit)
	for {
		clear(wrong)
		for i, m := range mirrors {
			if diff := difference(want[m.what.String()], m.state()); diff != "" {
				wrong[i] = fmt.Sprintf("%s of %s: %s", m.name, m.what, diff)
			}
		}
		if len(wrong) == 0 || time.Now().After(deadline) {
			return wrong, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// difference names what a mirror shows otherwise than the API server.
func difference(want, got map[string]string) string {
	var all []string
	for id, version := range want {
		switch has, ok := got[id]; {
		case !ok:
			all = append(all, fmt.Sprintf("%s at %s is missing", id, version))
		case has != version:
			all = append(all, fmt.Sprintf("%s is at %s instead of %s", id, has, version))
		}
	}
	for id, version := range got {
		if _, ok := want[id]; !ok {
			all = append(all, fmt.Sprintf("%s at %s is gone, and still there", id, version))
		}
	}
	slices.Sort(all)
	if len(all) > 6 {
		all = append(all[:6], fmt.Sprintf("and %d more", len(all)-6))
	}
	return strings.Join(all, "; ")
}

// selectors are some that a client may ask for.
func selectors(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}
