package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// version is what the program says of itself.
type version struct {
	Version string `json:"version"`
	// Commit, with its date, is that of the sources, where Go was told: by a clone, and
	// not by a module proxy, where the version says it.
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	// Charts is the version of Istio whose charts an IstioRelease is rendered from.
	Charts string `json:"charts"`
	// Istio are the minor versions that a base may have.
	Istio versions `json:"istio"`
}

type versions struct {
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
}

func versionCommand(s Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version [-o text|json|yaml]",
		Short: "Print the version, and which versions of Istio it knows",
		Example: `  istio-tenancy version
  istio-tenancy version -o json | jq -r .charts`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			switch v := ownVersion(); {
			case format == "text":
				_, err := fmt.Fprint(s.Out, v)
				return err
			case structured.Is(format):
				return structured.Print(s.Out, format, v)
			}
			return fmt.Errorf("version: --output: found %q: must be text, json or yaml", format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "text", "`FORMAT`: text, json or yaml")
	return cmd
}

// String is the text, whose first line is the program's name and its version.
func (v version) String() string {
	text := program + " " + v.Version + "\n"
	if v.Commit != "" {
		changed := ""
		if v.Modified {
			changed = ", with changes that are not committed"
		}
		text += fmt.Sprintf("commit: %s of %s%s\n", v.Commit, v.Date, changed)
	}
	return text + fmt.Sprintf("built by %s for %s\nIstio in IstioRelease: %s\nIstio in a base: %s to %s\n",
		v.Go, v.Platform, v.Charts, v.Istio.Oldest, v.Istio.Newest)
}

// ownVersion is what Go has written into the program: the module's version, which is the
// tag of a release or is made of the commit, and the commit.
func ownVersion() version {
	v := version{
		Version: "(unknown)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Charts: release.Version, Istio: versions{istio.Oldest, istio.Newest},
	}
	info, found := debug.ReadBuildInfo()
	if !found {
		return v
	}
	v.Version = info.Main.Version
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Commit = setting.Value
		case "vcs.time":
			v.Date = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}
