package com.smartpos.terminal.android

import android.content.Context
import android.content.Intent
import androidx.activity.result.contract.ActivityResultContract
import com.smartpos.terminal.CardAppAnswer
import com.smartpos.terminal.CardLaunch

/**
 * Starts the Credit Card App through `registerForActivityResult`: in goes what
 * [com.smartpos.terminal.CardPayments.encodeRequest] gave, out comes what [com.smartpos.terminal.CardPayments.decodeResult] takes.
 * The result also comes to a screen that Android made anew in between.
 *
 * It needs `androidx.activity` in the app, which the library does not bring along; without it [CardApp.intent] and [CardApp.answer]
 * do the same. `launch` throws [CardAppException] when the app is missing or signed by another.
 */
public class CardAppContract(private val app: CardApp) : ActivityResultContract<CardLaunch, CardAppAnswer>() {
    override fun createIntent(context: Context, input: CardLaunch): Intent = app.intent(context, input)

    override fun parseResult(resultCode: Int, intent: Intent?): CardAppAnswer = CardApp.answer(resultCode, intent)
}
