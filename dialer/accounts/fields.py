"""What a column of a file can hold, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from dialer.known_facts import AccountFact, Fact
from dialer.types import ContactRole


class Kind(StrEnum):
    """What a file tells of. The values are the words of `dialer import KIND FILE`."""

    ACCOUNTS = "accounts"  # 名单: who owes how much, to be called
    APPLICATIONS = "applications"  # 申请资料: who borrowed what on which terms
    REPAYMENTS = "repayments"  # 还款记录: what was due when, and what was paid
    SCORES = "scores"  # 信用评分
    CONTACTS = "contacts"  # 联系方式


class Field(StrEnum):
    """What a column can hold. The values are the names that `--map FIELD=HEADER` takes."""

    # Who and which loan
    ACCOUNT_NO = "account_no"
    CLIENT = "client"
    DEBTOR_NAME = "debtor_name"
    DEBTOR_KEY = "debtor_key"
    ID_NO = "id_no"
    # Numbers
    PHONE = "phone"
    PHONE2 = "phone2"
    PHONE3 = "phone3"
    GUARANTOR_PHONE = "guarantor_phone"
    CONTACT_PHONE = "contact_phone"
    CONTACT_PHONE2 = "contact_phone2"
    CONTACT_PHONE3 = "contact_phone3"
    TIME_ZONE = "time_zone"
    CONTACT_NAME = "contact_name"
    RELATION = "relation"
    PHONE_STATE = "phone_state"
    # The debt
    AMOUNT_DUE = "amount_due"
    PRINCIPAL = "principal"
    DAYS_PAST_DUE = "days_past_due"
    OVERDUE_SINCE = "overdue_since"
    RISK = "risk"
    PRODUCT = "product"
    PRIORITY = "priority"
    REMARK = "remark"
    BATCH_NO = "batch_no"
    ENTRUSTED_ON = "entrusted_on"
    RETURN_ON = "return_on"
    LAST_PAID_ON = "last_paid_on"
    LAST_PAID_AMOUNT = "last_paid_amount"
    REMAINING_PRINCIPAL = "remaining_principal"
    OLD_NOTES = "old_notes"
    # The person
    REGION = "region"
    LANGUAGE = "language"
    INDUSTRY = "industry"
    OCCUPATION = "occupation"
    EMPLOYER = "employer"
    INCOME_MONTHLY = "income_monthly"
    INCOME_YEARLY = "income_yearly"
    BIRTH_ON = "birth_on"
    SEX = "sex"
    MARITAL = "marital"
    EDUCATION = "education"
    ADDRESS = "address"
    EMAIL = "email"
    PREFERRED_TIME = "preferred_time"
    DELAY_REASON = "delay_reason"
    APPLIED_ON = "applied_on"
    # The contract
    RATE = "rate"
    PENALTY_RATE = "penalty_rate"
    TERM = "term"
    METHOD = "method"
    DISBURSED_ON = "disbursed_on"
    FIRST_DUE_ON = "first_due_on"
    GRACE_DAYS = "grace_days"
    # Repayments
    INSTALMENT_NO = "instalment_no"
    DUE_ON = "due_on"
    DUE_AMOUNT = "due_amount"
    DUE_PRINCIPAL = "due_principal"
    DUE_INTEREST = "due_interest"
    DUE_FEE = "due_fee"
    DUE_PENALTY = "due_penalty"
    PAID_AMOUNT = "paid_amount"
    PAID_AT = "paid_at"
    TXN_ID = "txn_id"
    CHANNEL = "channel"
    # Scores
    SCORE = "score"
    MODEL = "model"
    SCORED_AT = "scored_at"
    REASONS = "reasons"


PHONE_FIELDS = (Field.PHONE, Field.PHONE2, Field.PHONE3)
OTHERS_FIELDS: Mapping[Field, ContactRole] = {
    Field.GUARANTOR_PHONE: ContactRole.GUARANTOR,
    Field.CONTACT_PHONE: ContactRole.CONTACT,
    Field.CONTACT_PHONE2: ContactRole.CONTACT,
    Field.CONTACT_PHONE3: ContactRole.CONTACT,
}
"""Columns of other people's numbers -> who they are."""
MONEY_FIELDS = frozenset(
    {
        *(Field.AMOUNT_DUE, Field.PRINCIPAL, Field.REMAINING_PRINCIPAL, Field.LAST_PAID_AMOUNT),
        *(Field.INCOME_MONTHLY, Field.INCOME_YEARLY),
        *(Field.DUE_AMOUNT, Field.DUE_PRINCIPAL, Field.DUE_INTEREST, Field.DUE_FEE, Field.DUE_PENALTY),
        Field.PAID_AMOUNT,
    }
)
DATE_FIELDS = frozenset(
    {
        *(Field.OVERDUE_SINCE, Field.ENTRUSTED_ON, Field.RETURN_ON, Field.LAST_PAID_ON, Field.BIRTH_ON),
        *(Field.APPLIED_ON, Field.DISBURSED_ON, Field.FIRST_DUE_ON, Field.DUE_ON, Field.PAID_AT, Field.SCORED_AT),
    }
)

DEBTOR_FACTS: Mapping[Field, Fact] = {
    Field.OCCUPATION: Fact.OCCUPATION,
    Field.EMPLOYER: Fact.EMPLOYER,
    Field.INCOME_MONTHLY: Fact.INCOME_MONTHLY,
    Field.INCOME_YEARLY: Fact.INCOME_MONTHLY,
    Field.BIRTH_ON: Fact.BIRTH_ON,
    Field.SEX: Fact.SEX,
    Field.MARITAL: Fact.MARITAL,
    Field.EDUCATION: Fact.EDUCATION,
    Field.ADDRESS: Fact.ADDRESS,
    Field.EMAIL: Fact.EMAIL,
    Field.PREFERRED_TIME: Fact.PREFERRED_TIME,
    Field.DELAY_REASON: Fact.DELAY_REASON,
}
"""Columns of any file -> what they tell of the debtor. Name, region, language and industry of a list of accounts stand
in the account and count as said by that list."""
ACCOUNT_FACTS: Mapping[Field, AccountFact] = {
    Field.BATCH_NO: AccountFact.BATCH_NO,
    Field.ENTRUSTED_ON: AccountFact.ENTRUSTED_ON,
    Field.RETURN_ON: AccountFact.RETURN_ON,
    Field.LAST_PAID_ON: AccountFact.LAST_PAID_ON,
    Field.LAST_PAID_AMOUNT: AccountFact.LAST_PAID_AMOUNT,
    Field.REMAINING_PRINCIPAL: AccountFact.REMAINING_PRINCIPAL,
    Field.OLD_NOTES: AccountFact.OLD_NOTES,
}
"""Columns of any file -> what they tell of the account beyond its own columns."""
LOAN_FIELDS = (
    *(Field.RATE, Field.PENALTY_RATE, Field.TERM, Field.METHOD, Field.DISBURSED_ON, Field.FIRST_DUE_ON),
    Field.GRACE_DAYS,
)
"""The terms of the contract, beside its principal."""
DETAIL_FIELDS = frozenset({*DEBTOR_FACTS, *ACCOUNT_FACTS, *LOAN_FIELDS})
"""What a list of accounts may tell besides its own columns."""
