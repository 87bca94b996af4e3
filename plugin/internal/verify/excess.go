package verify

import (
	"slices"
	"sync"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// excesses are what subjects may and must not, by tenant and by why they may: of one
// binding that names everybody there are hundreds.
type excesses struct {
	mu  sync.Mutex
	all map[[2]string][]string
}

func (e *excesses) add(r review, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[[2]string][]string{}
	}
	key := [2]string{r.tenant, reason}
	e.all[key] = append(e.all[key], r.who+" may "+asked(r.request))
}

// most is how many are named one by one.
const most = 10

// report finds each, or, of many by one binding, all in one.
func (e *excesses) report(r *Report) {
	for key, all := range e.all {
		slices.Sort(all)
		tenant, reason := key[0], key[1]
		if len(all) > most && reason != "" {
			r.find(Rights, check.Error, tenant, object.ID{}, "%s, and %d more: must not%s", all[0], len(all)-1, because(reason))
			continue
		}
		for _, may := range all {
			r.find(Rights, check.Error, tenant, object.ID{}, "%s: must not%s", may, because(reason))
		}
	}
}
