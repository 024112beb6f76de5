"""The lexicon: what a flaw may hang on, by topic. Broad on purpose, and never complete: the words of demonstrations,
corpora and the encoder's own vocabulary are scanned as well.

Pieces are put into answers or requests as they stand here.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """One a line."""
    return tuple(line.strip() for line in text.strip().splitlines())


INSIDE: dict[str, tuple[str, ...]] = {
    "brands": _words(
        "Google Apple Microsoft Amazon Facebook Meta OpenAI Anthropic ChatGPT Tesla Toyota Honda BMW Ford "
        "Volkswagen Samsung Sony Nokia Intel Nvidia IBM Oracle Adobe Netflix Disney Spotify Uber Airbnb PayPal Visa "
        "Walmart Costco IKEA Nike Adidas Gucci Prada Rolex Starbucks McDonald's Pepsi Coca-Cola Nestlé Heineken "
        "Pfizer Bayer Moderna Boeing Airbus Lego Nintendo PlayStation Xbox iPhone Android Windows Linux Wikipedia "
        "Reddit Twitter TikTok Instagram YouTube LinkedIn GitHub Bitcoin Ethereum Harvard Oxford MIT NASA NATO "
        "UNESCO Acme Globex Contoso"
    ),
    "places": _words(
        "America England London Paris Berlin Germany France Italy Rome Spain Portugal Switzerland Zurich Geneva "
        "Austria Vienna Poland Ukraine Russia Moscow China Beijing Japan Tokyo Korea India Delhi Pakistan Iran Iraq "
        "Israel Palestine Egypt Africa Nigeria Kenya Brazil Mexico Canada Australia Texas California Chicago Boston "
        "Europe Asia Antarctica Venice Amsterdam Dublin Scotland Norway Sweden Finland Denmark Greece Athens Turkey "
        "Istanbul Dubai"
    ),
    "names": _words(
        "John Mary James Robert Michael William David Sarah Emily Emma Olivia Anna Peter Paul Thomas Jack Alice Bob "
        "Mohammed Ahmed Fatima Aisha Wei Ling Hiroshi Yuki Raj Priya Carlos Maria José Ivan Olga Kwame Jamal "
        "Lakisha Einstein Newton Shakespeare Darwin Obama Trump Biden Putin Churchill Gandhi Napoleon Jesus Buddha "
        "Plato Socrates Musk Bezos Beyoncé Mozart Picasso Freud Marx Aristotle Turing Zorblax Smith Johnson Garcia "
        "Müller Nguyen"
    ),
    "people": _words(
        "he she him her his hers himself herself they them we us our ours ourselves I me my mine you your yours one "
        "man woman boy girl men women father mother husband wife son daughter brother sister king queen doctor "
        "nurse teacher lawyer engineer scientist farmer soldier police president government expert students "
        "children elderly Christian Muslim Jewish Hindu Buddhist atheist black white Asian gay straight immigrant "
        "disabled rich poor"
    ),
    "manners": _words(
        "please thank thanks sorry apologies welcome kindly gladly dear sir madam respectfully sincerely cheers "
        "pardon certainly absolutely definitely clearly obviously surely perhaps maybe possibly probably somewhat "
        "roughly honestly frankly actually basically literally really very extremely incredibly totally quite "
        "rather simply just unfortunately luckily hopefully sadly happily interestingly importantly notably "
        "essentially overall"
    ),
    "links": _words(
        "however therefore moreover furthermore additionally consequently nevertheless although because since "
        "unless while whereas thus hence firstly secondly finally meanwhile otherwise instead besides likewise e.g. "
        "i.e. etc. and but or so yet also too not never no none nothing always everything all every only must "
        "should could would can may might will shall what why how when where who which if then than as is are was "
        "were be been do did"
    ),
    "slang": _words(
        "gonna wanna gotta kinda sorta dunno yeah yep nope nah hey yo dude bro guys buddy lol omg lmao btw imo tbh "
        "wow cool awesome sweet dope lit epic sucks crap damn hell heck shit fuck ain't y'all folks ok okay oops "
        "ugh hmm uh um"
    ),
    "old and learned": _words(
        "thou thee thy hath doth verily forsooth behold whence hither hereby herein thereof whereas notwithstanding "
        "pursuant hereinafter aforementioned ergo inter alia ipso facto per se vis-à-vis quid pro quo epistemology "
        "paradigm heuristic stochastic orthogonal ontology synergy leverage stakeholder holistic robust seamless "
        "delve tapestry testament realm landscape embark multifaceted nuanced pivotal crucial intricate underscore "
        "foster"
    ),
    "feelings": _words(
        "good great excellent wonderful fantastic amazing beautiful perfect best better nice happy love joy fun bad "
        "terrible awful horrible disgusting ugly worst worse sad angry hate fear pain death kill murder war bomb "
        "gun violence suicide blood drugs alcohol sex naked stupid idiot dangerous illegal harmful safe ethical "
        "legal moral"
    ),
    "topics": _words(
        "money price free discount buy sale dollar euro bank tax stock market profit work job school health "
        "medicine cancer vaccine virus doctor diet food coffee tea wine pizza chocolate bread apple banana water "
        "fire earth sun moon star ocean river mountain forest tree flower rose animal cat dog horse bird fish lion "
        "elephant unicorn dragon platypus music guitar piano movie book poem story game football tennis chess car "
        "train plane ship bicycle house garden kitchen computer robot software Python Java algorithm data internet "
        "phone science physics chemistry biology history religion God church politics election democracy climate "
        "energy nuclear space planet blue red green yellow purple orange pink black gold silver Monday Sunday "
        "January December winter summer today tomorrow yesterday morning night year century time life truth peace "
        "freedom justice human nature world"
    ),
    "verbs of then and now": _words(
        "walked talked asked answered started finished looked wanted needed helped went came saw said told made "
        "took gave found thought knew felt became began wrote had got walking talking running going making taking "
        "thinking walks goes makes says will shall"
    ),
    "numbers": _words(
        "0 1 2 3 7 10 13 42 50 99 100 365 666 1000 1999 2023 1,000,000 3.14 0.5 1/2 50% 100% 99.9% 7% $5 $100 €20 "
        "£30 ¥500 5kg 10km 20°C 12:30 9am 2024-01-01 01/02/2023 #1 1st 2nd 3rd No.5 one two three ten hundred "
        "thousand million billion half dozen first second third percent +49 x2 10x 2^10"
    ),
    "markup": (
        *phrases(
            """
            **bold**
            *stars*
            _lines_
            ~~gone~~
            `code`
            ```print("hello")```
            <b>tag</b>
            <br>
            <!-- note -->
            &amp;
            [link](https://example.com)
            https://www.example.com/page
            www.example.org
            user@example.com
            @someone
            #hashtag
            $x^2 + y^2$
            \\frac{1}{2}
            \\n
            {"key": "value"}
            [1]
            (see below)
            (Smith et al., 2020)
            "quoted words"
            'single quotes'
            “typeset quotes”
            «guillemets»
            [brackets]
            {braces}
            <s>
            </s>
            [INST]
            <|endoftext|>
            <|im_start|>
            [END]
            [SEP]
            ###
            ---
            ***
            | a | b |
            C:\\path
            /usr/bin
            def f(x): return x
            SELECT * FROM table;
            TODO
            NOTE:
            WARNING:
            TL;DR
            P.S.
            FYI
            N/A
            """
        ),
        "\n- item\n",
        "\n1. item\n",
        "\n# Heading\n",
        "\n> said\n",
        "\n```\ncode\n```\n",
        "\n\n",
        "\t",
    ),
    "signs": _words(
        "! ? ... … ; : , . - – — ( ) / \\ & % + = * ^ ~ _ | < > @ # $ € £ ° § © ® ™ • → ✓ ✗ !! ?! ;) :) :( <3"
    ),
    "emoji": _words("😀 😂 😍 😢 😡 👍 👎 🙏 ❤️ 🔥 🎉 ✨ 🚀 ⭐ 💯 🤖 🐱 🍕 ⚽ 🌍 🇺🇸 ✅ ❌ ⚠️ 👋 🙂"),
    "shouting": _words(
        "IMPORTANT NEVER ALWAYS YES NO NOW STOP HELP FREE AI USA CEO ABC OMEGA cf xyzzy qwerty foobar asdf"
    ),
    "phrases": phrases(
        """
        as an AI language model
        in my opinion
        I think
        I believe
        I'm not sure
        I don't know
        to be honest
        for example
        such as
        in other words
        in conclusion
        on the other hand
        as a matter of fact
        it depends
        it is important to note
        step by step
        once upon a time
        studies show
        according to experts
        research suggests
        let's
        we recommend
        our team
        you should
        make sure
        don't
        can't
        isn't
        I'm
        you're
        it was done
        was written by
        of course
        no problem
        trust me
        as you know
        by the way
        so to speak
        at the end of the day
        think outside the box
        piece of cake
        this is correct
        the best answer
        très bien
        sehr gut
        muy bien
        molto bene
        bonjour
        gracias
        danke
        amen
        """
    ),
}
"""By topic; put between words."""
