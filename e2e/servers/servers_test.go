package servers_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/servers"
)

func TestRunsSideBySideMakeAFamilyOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOCACHE", t.TempDir())
	built := make([]servers.Binaries, 4)
	logs := make([]bytes.Buffer, len(built))
	failed := make([]error, len(built))
	var group sync.WaitGroup
	for i := range built {
		group.Go(func() { built[i], failed[i] = servers.Build(context.Background(), &logs[i], "crds") })
	}
	group.Wait()
	require.NoError(t, errors.Join(failed...))
	made := 0
	for i := range built {
		require.Equal(t, built[0], built[i])
		require.DirExists(t, built[i]["flux-kinds"])
		made += strings.Count(logs[i].String(), "copied flux-kinds")
	}
	require.Equal(t, 1, made)
}
