package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
)

func TestFieldsAreUpToDate(t *testing.T) {
	written, err := os.ReadFile("../fields.txt")
	require.NoError(t, err)
	require.Equal(t, text(), string(written), "make generate writes it again")
}

// The API's module is of the charts' minor version.
func TestModuleIsOfTheRelease(t *testing.T) {
	mod, err := os.ReadFile("../../../../../go.mod")
	require.NoError(t, err)
	required := regexp.MustCompile(`(?m)^\s*istio\.io/api (v\S+)`).FindSubmatch(mod)
	require.NotNil(t, required)
	api, charts := semver.MustParse(string(required[1])), semver.MustParse(release.Version)
	require.Equal(t, [2]uint64{charts.Major(), charts.Minor()}, [2]uint64{api.Major(), api.Minor()})
}
