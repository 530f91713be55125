package com.smartpos.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import kotlinx.serialization.json.JsonElementBuildersKt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The API as Java sees it: no Kotlin in the calls. */
class JavaCallerTest {
    @Test
    void journeyWithFutures(@TempDir File folder) throws Exception {
        try (Emulator emulator = new Emulator()) {
            String code = emulator.register("SN-JAVA");
            TerminalConfig config = new TerminalConfig.Builder("SN-JAVA", new File(folder, "data"))
                    .server(emulator.getUrl(), emulator.getCaPem())
                    .whitelistSecret(emulator.getWhitelistSecret())
                    .onlineTimeout(Duration.ofSeconds(30))
                    .build();
            TerminalHost host = new TerminalHost(new JcaKeyHost(new File(folder, "keys")), (level, line) -> {});

            try (Terminal terminal = Terminal.open(config, host); Card card = new Card("5555555555554444")) {
                TerminalFutures calls = new TerminalFutures(terminal);
                ExecutionException failed = assertThrows(ExecutionException.class, () -> calls.checkEntry(card).get());
                TerminalException fault = assertInstanceOf(TerminalException.class, failed.getCause());
                assertEquals(FaultCode.NOT_PAIRED, fault.getCode());

                assertEquals("SN-JAVA", calls.pair(code).get().getSerialNumber());
                Verdict verdict = calls.checkEntry(card, CheckMode.PREFER_ONLINE).get();
                Verdict.Allowed allowed = assertInstanceOf(Verdict.Allowed.class, verdict);
                assertTrue(calls.confirmEntry(allowed.getAccessId(), 1).thenApply(Confirmation::getKnown).get());

                emulator.fault("latency", "SN-JAVA", more -> {
                    JsonElementBuildersKt.put(more, "latencyMs", 60_000);
                    return kotlin.Unit.INSTANCE;
                });
                CompletableFuture<SyncResult> sync = calls.sync();
                sync.cancel(true);
                assertEquals(Status.State.PAIRED, calls.status().get(2, TimeUnit.SECONDS).getState());
            }
        }
    }

    @Test
    void deviceWithFutures(@TempDir File folder) throws Exception {
        try (Emulator emulator = new Emulator()) {
            TerminalConfig config = new TerminalConfig.Builder("SN-JAVA-DEVICE", new File(folder, "data"))
                    .device(emulator.device().scope("order:create").name("Till 1").build())
                    .onlineTimeout(Duration.ofSeconds(30))
                    .build();
            try (Terminal terminal = Terminal.open(config, new TerminalHost(new JcaKeyHost(new File(folder, "keys"))))) {
                TerminalFutures calls = new TerminalFutures(terminal);
                emulator.activate(calls.requestActivation().get().getCode());
                assertEquals(Activation.State.ACTIVE, calls.awaitActivation(Duration.ofSeconds(30)).get().getState());
                assertEquals(List.of("order:create"), calls.deviceToken().get().getScope());
                assertEquals(200, calls.call("GET", "/api/v1/orders").get().getStatus());

                LinkedBlockingQueue<Notice> told = new LinkedBlockingQueue<>();
                CompletableFuture<?> channel = calls.notices(told::add);
                assertInstanceOf(Notice.Online.class, told.poll(20, TimeUnit.SECONDS));
                emulator.event("SN-JAVA-DEVICE", 1);
                assertEquals(1, assertInstanceOf(Notice.Event.class, told.poll(20, TimeUnit.SECONDS)).getSeq());
                calls.sendStatus(80, Paper.OK).get();
                calls.networkAvailable().get();
                channel.cancel(true);

                CompletableFuture<?> failing = calls.notices(notice -> {
                    throw new IllegalStateException("the app threw");
                });
                ExecutionException failed = assertThrows(ExecutionException.class, () -> failing.get(20, TimeUnit.SECONDS));
                assertEquals("the app threw", failed.getCause().getMessage());
            }
        }
    }

    @Test
    void paymentsWithFutures(@TempDir File folder) throws Exception {
        try (Emulator emulator = new Emulator()) {
            TerminalConfig config = new TerminalConfig.Builder("SN-JAVA-PAYS", new File(folder, "data"))
                    .device(emulator.device().build())
                    .pgw(emulator.pgw())
                    .onlineTimeout(Duration.ofSeconds(30))
                    .build();
            try (Terminal terminal = Terminal.open(config, new TerminalHost(new JcaKeyHost(new File(folder, "keys"))))) {
                TerminalFutures calls = new TerminalFutures(terminal);
                emulator.activate(calls.requestActivation().get().getCode());
                calls.awaitActivation(Duration.ofSeconds(30)).get();

                PaymentToken token = new PaymentToken("pi_1_secret_1");
                for (CompletableFuture<?> refused : List.of(
                        calls.retrievePayment("pi_1", token), calls.confirmPayment("pi_1", token, "qr_mpm", "PAYPAY"),
                        calls.cancelPayment("pi_1", token), calls.awaitPayment("pi_1", token), calls.paymentHandover("pi_1", token))) {
                    TerminalException fault = (TerminalException) assertThrows(ExecutionException.class, refused::get).getCause();
                    assertTrue(List.of(FaultCode.NOT_FOUND, FaultCode.TOKEN_INVALID).contains(fault.getCode()), fault.getMessage());
                }

                CardLaunch launch = calls.encodeCardRequest(new CardRequest(380, 5, "AUTH01")).get();
                assertEquals(launch.getCorrId(), calls.pendingCardPayments().get().getUnknown().get(0).getCorrId());
                CardAppAnswer answer = new CardAppAnswer(CardAppAnswer.Code.OK, emulator.cardApp("approve", launch));
                assertEquals(CardResult.Status.SUCCESS, calls.decodeCardResult(answer).get().getStatus());
                assertThrows(ExecutionException.class, () -> calls.recordCardResult(launch.getCorrId(), "no-such-payment").get());

                CardLaunch lost = calls.encodeCardRequest(new CardRequest(380, 5, "AUTH01")).get();
                calls.resolveCardPayment(lost.getCorrId(), CardResult.Status.CANCELLED).get();
                assertTrue(calls.pendingCardPayments().get().getUnknown().isEmpty());
            }
        }
    }
}
