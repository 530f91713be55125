package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/atomicfile"
)

// serverEnv is what init reads of the emulator's env file.
type serverEnv struct {
	CAFile string `json:"caFile"`
	MACS   struct {
		URL             string `json:"url"`
		WhitelistSecret string `json:"whitelistSecret"`
	} `json:"macs"`
	MPAC struct {
		URL    string `json:"url"`
		Issuer string `json:"issuer"`
		WSURL  string `json:"wsUrl"`
	} `json:"mpac"`
	PGW struct {
		URL string `json:"url"`
	} `json:"pgw"`
}

// terminalParameters is the parameters file that init writes.
type terminalParameters struct {
	SerialNumber    string         `json:"serialNumber"`
	DataDir         string         `json:"dataDir"`
	MACS            map[string]any `json:"macs"`
	WhitelistSecret string         `json:"whitelistSecret"`
	Offline         map[string]any `json:"offline"`
	Device          map[string]any `json:"device,omitempty"`
	PGW             map[string]any `json:"pgw,omitempty"`
}

func (f *terminalFlags) init() *cobra.Command {
	var env, sn, dataDir string
	cmd := &cobra.Command{Use: "init --env FILE --sn SN [--data-dir DIR]", Short: "Write a parameters file for the emulator of an env file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := f.writeParameters(env, sn, dataDir)
			if err != nil {
				return f.fail(cmd, err)
			}
			return f.print(cmd.OutOrStdout(), fmt.Sprintf(`{"v":1,"config":%s}`, quoted(path)))
		}}
	cmd.Flags().StringVar(&env, "env", "", "env file of posemu serve")
	cmd.Flags().StringVar(&sn, "sn", "", "serial number of the terminal")
	cmd.Flags().StringVar(&dataDir, "data-dir", "", "data folder (default: beside the parameters file)")
	for _, name := range []string{"env", "sn"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return cmd
}

func (f *terminalFlags) writeParameters(envFile, sn, dataDir string) (string, error) {
	const op = "posemu: init"
	text, err := os.ReadFile(envFile) //nolint:gosec // the user names the file.
	if err != nil {
		return "", fault.New(fault.InvalidConfig, op, envFile+" cannot be read; is posemu serve running?")
	}
	var env serverEnv
	if json.Unmarshal(text, &env) != nil || env.MACS.URL == "" {
		return "", fault.New(fault.InvalidConfig, op, envFile+" is no env file of posemu serve")
	}
	path, err := filepath.Abs(f.config)
	if err != nil {
		return "", fault.Wrap(fault.InvalidConfig, op, err)
	}
	if dataDir == "" {
		dataDir = "data-" + sn
	} else if dataDir, err = filepath.Abs(dataDir); err != nil {
		return "", fault.Wrap(fault.InvalidConfig, op, err)
	}
	ca := env.CAFile
	if !filepath.IsAbs(ca) {
		ca = filepath.Join(filepath.Dir(envFile), ca)
	}
	parameters := terminalParameters{
		SerialNumber: sn, DataDir: dataDir, WhitelistSecret: env.MACS.WhitelistSecret,
		MACS:    map[string]any{"baseUrl": env.MACS.URL, "trustedCaFile": ca},
		Offline: map[string]any{"allowForce": true},
	}
	if env.MPAC.URL != "" {
		parameters.Device = map[string]any{
			"baseUrl": env.MPAC.URL, "wsUrl": env.MPAC.WSURL, "audience": env.MPAC.Issuer, "trustedCaFile": ca, "name": "posemu " + sn,
		}
	}
	if env.PGW.URL != "" {
		parameters.PGW = map[string]any{"baseUrl": env.PGW.URL, "trustedCaFile": ca}
	}
	encoded, err := json.MarshalIndent(parameters, "", "  ")
	if err != nil {
		return "", fault.Wrap(fault.Internal, op, err)
	}
	if err := atomicfile.Write(path, append(encoded, '\n'), 0o600); err != nil {
		return "", fault.Wrap(fault.StorageReadOnly, op, err)
	}
	return path, nil
}
