package paint_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/paint"
)

var rules = []paint.Rule{
	{Pattern: regexp.MustCompile(`^(?:\S+: )?(error): `), Color: paint.Red},
	{Pattern: regexp.MustCompile(`^(\+.*)`), Color: paint.Green},
}

func TestLinesThatMatchAreColored(t *testing.T) {
	const text = "tenant.yaml:3: error: a: error: b\nplain error: x\n+added\n"
	for when, want := range map[paint.When]string{
		paint.Auto:   text, // which no terminal shows
		paint.Never:  text,
		paint.Always: "tenant.yaml:3: \x1b[31merror\x1b[0m: a: error: b\nplain error: x\n\x1b[32m+added\x1b[0m\n",
	} {
		var out strings.Builder
		n, err := paint.Lines(&out, &when, rules).Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, len(text), n)
		require.Equal(t, want, out.String(), when)
	}
}

func TestOnlyThreeWordsAreKnown(t *testing.T) {
	when := paint.Auto
	require.ErrorContains(t, when.Set("yes"), "must be auto, always or never")
	require.Equal(t, paint.Auto, when)
	require.NoError(t, when.Set("never"))
	require.Equal(t, "never", when.String())
}

func TestThatNothingIsWrittenIsSaid(t *testing.T) {
	when := paint.Always
	file, err := os.Open(os.DevNull) // to read
	require.NoError(t, err)
	defer file.Close()
	_, err = paint.Lines(file, &when, rules).Write([]byte("error: x\n"))
	require.Error(t, err)
}
