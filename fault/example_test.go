package fault_test

import (
	"errors"
	"fmt"

	"github.com/smartpos-go/terminal/fault"
)

func ExampleCodeOf() {
	err := fmt.Errorf("gate 4: %w", fault.New(fault.NotPaired, "pairing: sign", "pair the terminal first"))

	info := fault.CodeOf(err).Info()
	fmt.Println(info.Code, "–", info.Actor, "acts, retry:", info.Retryable)
	fmt.Println(info.I18nKey(), errors.Is(err, fault.NotPaired))
	// Output:
	// not_paired – operator acts, retry: false
	// fault.not_paired true
}
