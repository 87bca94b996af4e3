package v1alpha1

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhole(t *testing.T) {
	for quantity, want := range map[string]bool{
		"5": true, "+5": true, "5.0": true, "1.5": false, ".5": false, "0": true,
		"2k": true, "1.5k": true, "1.0005k": false, "1.5Ki": true, "0.1Ki": false,
		"2000m": true, "1500m": false, "1e3": true, "1.5e1": true, "15e-1": false, "+1E2": true,
		"1e999999999": true, "1e-999999999": true, "four": true, "": true,
	} {
		require.Equal(t, want, whole(quantity), quantity)
	}
}

func TestIsCount(t *testing.T) {
	for name, want := range map[string]bool{
		"pods": true, "count/pods": true, "services.nodeports": true, "cpu": false, "limits.memory": false,
		"requests.storage": false, "hugepages-2Mi": false, "requests.example.com/device": false,
	} {
		require.Equal(t, want, isCount(name), name)
	}
}
