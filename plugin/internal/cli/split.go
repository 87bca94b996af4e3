package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

func splitCommand(s Streams) *cobra.Command {
	var file, dir string
	var options split.Options
	cmd := &cobra.Command{
		Use:   "split [-f FILE] -o DIR",
		Short: "Make a base of any Istio manifest",
		Long: `Sort the objects of an Istio manifest, as a chart or istioctl renders it, into
DIR/common, which is deployed once per cluster, and DIR/control-plane, which is
deployed once per tenant. An overlay lists DIR/control-plane under resources. Nothing
is left out. The command prints how many objects went where, what it added, and what
it repaired: workloads of API versions that Kubernetes 1.16 and later do not serve
become workloads of apps/v1.

With --api-proxy-image, the base states the image of the API proxy, which runs next
to istiod and shows it only the tenant's namespaces. Tenants of the base then have
the discovery "proxy" unless they state another one.

With --revision, a tenant may list this base together with another one, and run both
control planes for a while. The tenant names them in spec.controlPlane.revisions.

DIR must be new or empty.`,
		Example: `  istio-tenancy split -f istio.yaml -o bases/istio-1.24
  istioctl manifest generate | istio-tenancy split -o bases/istio-1.24`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("split: found argument %q: a manifest is named by -f: %s split -f %s -o DIR", args[0], program, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("split: --output is missing: must be the directory to write")
			}
			if cmd.Flags().Changed("api-proxy-image") {
				if err := imageref.Check(options.APIProxyImage); err != nil {
					return fmt.Errorf("split: --api-proxy-image: %w", err)
				}
			}
			if r := options.Revision; cmd.Flags().Changed("revision") && !v1alpha1.IsBaseRevision(r) {
				return fmt.Errorf("split: --revision: found %q: must be a DNS label such as \"1-31\", of at most 40 characters, and not %q, which names a base without a revision",
					r, v1alpha1.UnnamedRevision)
			}
			in, name := s.In, "stdin"
			if file != "" && file != "-" {
				opened, err := os.Open(file)
				if err != nil {
					return fmt.Errorf("split: %w", err)
				}
				defer opened.Close() // was only read
				in, name = io.Reader(opened), file
			} else if isTerminal(in) {
				return errors.New("split: there is no manifest: name one with -f, or pipe one to stdin")
			}
			summary, err := options.Run(in, name, dir)
			if err != nil {
				return err
			}
			return report(s.Out, dir, fmt.Sprint(summary))
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "filename", "f", "", "manifest to read; `FILE` - is stdin (default stdin)")
	outputFlag(f, &dir, "`DIR` to write; must be new or empty")
	f.StringVar(&options.Revision, "revision", "", "`NAME` by which tenants with several control planes tell this base from others, such as 1-31 (default none)")
	f.StringVar(&options.APIProxyImage, "api-proxy-image", "", "`IMAGE` of this program, which runs next to istiod if a tenant's discovery is proxy (default none)")
	return cmd
}
