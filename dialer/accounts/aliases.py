"""Which headers mean which field, for each kind of file: Chinese and English, as lenders write them.

The aliases are those of the usual exports of Chinese collection systems, and of Lending Club's and Freddie Mac's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.accounts.fields import Field, Kind

Aliases = Mapping[Field, tuple[str, ...]]

# The first alias is the usual one. Where a file has columns for two aliases of one field, the earlier wins.
_WHO: Aliases = {
    Field.ACCOUNT_NO: (
        "account_no", "账户编号", "合同号", "合同编号", "借据号", "借据编号", "贷款编号", "contract_no",
        "contract number", "account number", "account", "loan_no", "loan_id", "loan sequence number",
        "账号", "卡号", "case_id", "案件编号", "个案序列号", "机构案件号", "序列号", "id",
    ),
    Field.DEBTOR_NAME: (
        "debtor_name", "姓名", "客户姓名", "案人姓名", "债务人姓名", "债务人", "借款人", "借款人姓名",
        "客户名称", "name", "customer name", "debtor", "borrower", "full name",
    ),
    Field.CLIENT: (
        "client", "委托方", "放款机构", "委托机构", "委托银行", "lender", "originator", "creditor",
    ),
    Field.DEBTOR_KEY: (
        "debtor_key", "客户号", "客户编号", "客户ID", "customer_id", "customer no", "debtor_id",
    ),
    Field.ID_NO: (
        "id_no", "证件号", "证件号码", "身份证号", "身份证号码", "身份证", "id number", "national id",
    ),
}  # fmt: skip
_NUMBERS: Aliases = {
    Field.PHONE: (
        "phone", "本人手机", "手机号码", "手机号", "手机", "本人手机号", "本人手机号码", "联系电话",
        "电话号码", "电话", "mobile", "mobile phone", "mobile number", "phone number", "phone1",
        "telephone", "tel", "cell", "手机号1", "手机1", "电话1",
    ),
    Field.PHONE2: (
        "phone2", "手机号2", "手机2", "电话2", "联系电话2", "备用电话", "备用手机", "备用手机号",
        "本人手机2", "第二电话", "mobile2", "alternative phone", "other phone",
    ),
    Field.PHONE3: ("phone3", "手机号3", "手机3", "电话3", "联系电话3", "本人手机3", "mobile3"),
    Field.GUARANTOR_PHONE: (
        "guarantor_phone", "担保人电话", "担保人手机", "担保人手机号", "保证人电话", "保证人手机", "guarantor mobile",
    ),
    Field.CONTACT_PHONE: (
        "contact_phone", "联系人电话", "联系人手机", "联系人手机号", "联系人1电话", "联系人1手机", "联系人电话1",
        "紧急联系人电话", "紧急联系人手机", "紧急联系人手机号", "contact phone 1", "contact1 phone",
        "emergency contact phone", "emergency phone",
    ),
    Field.CONTACT_PHONE2: (
        "contact_phone2", "联系人2电话", "联系人2手机", "联系人电话2", "亲属电话", "亲属手机", "配偶电话", "配偶手机",
        "配偶手机号", "contact2 phone", "relative phone",
    ),
    Field.CONTACT_PHONE3: (
        "contact_phone3", "联系人3电话", "联系人3手机", "联系人电话3", "contact3 phone",
    ),
    Field.TIME_ZONE: ("time_zone", "时区", "timezone", "tz"),
}  # fmt: skip
_DEBT: Aliases = {
    Field.AMOUNT_DUE: (
        "amount_due", "委案金额", "逾期金额", "逾期余额", "逾期总额", "应还金额", "欠款金额", "欠款总额",
        "总欠款", "欠款", "overdue_amount", "amount overdue", "overdue", "balance due", "amount", "金额",
    ),
    Field.PRINCIPAL: (
        "principal", "贷款金额", "借款金额", "贷款本金", "放款金额", "本金", "loan_amnt", "loan amount",
    ),
    Field.DAYS_PAST_DUE: (
        "days_past_due", "逾期天数", "dpd", "overdue_days", "days overdue", "逾期日数", "拖欠天数",
    ),
    Field.OVERDUE_SINCE: ("overdue_since", "逾期开始日期", "逾期日期", "逾期起始日", "overdue date"),
    Field.RISK: (
        "risk", "风险等级", "风险级别", "risk_grade", "risk level", "grade", "信用等级", "信用评级",
    ),
    Field.PRODUCT: (
        "product", "产品名称", "产品", "委案产品", "贷款产品", "产品类型", "product name", "purpose",
    ),
    Field.REMARK: ("remark", "备注", "remarks", "note", "notes", "comment", "说明"),
    Field.PRIORITY: ("priority", "优先级", "优先度"),
    Field.BATCH_NO: ("batch_no", "批次号", "委案批次", "委案批次号", "批次"),
    Field.ENTRUSTED_ON: ("entrusted_on", "委案日期", "委托日期", "entrust_date"),
    Field.RETURN_ON: ("return_on", "预计退案日", "退案日期", "预计退案日期", "return_date"),
    Field.LAST_PAID_ON: ("last_paid_on", "最后还款日", "最后还款日期", "last_payment_date", "last_pymnt_d"),
    Field.LAST_PAID_AMOUNT: (
        "last_paid_amount", "最后还款金额", "last_payment_amount", "last_pymnt_amnt",
    ),
    Field.REMAINING_PRINCIPAL: ("remaining_principal", "剩余本金", "out_prncp", "outstanding principal"),
    Field.OLD_NOTES: ("old_notes", "原催收记录", "历史催收记录", "历史催记"),
}  # fmt: skip
_PERSON: Aliases = {
    Field.REGION: (
        "region", "省份", "省", "地区", "区域", "所在地区", "province", "state", "addr_state",
        "propertystate", "城市", "city",
    ),
    Field.LANGUAGE: ("language", "语言", "沟通语言", "lang"),
    Field.INDUSTRY: ("industry", "行业", "所属行业", "从事行业"),
    Field.OCCUPATION: ("occupation", "职业", "工作岗位", "职务", "job", "profession"),
    Field.EMPLOYER: ("employer", "单位名称", "工作单位", "公司名称", "就职单位", "emp_title", "company"),
    Field.INCOME_MONTHLY: (
        "income_monthly", "月收入", "月均收入", "月薪", "monthly_income", "income", "收入",
    ),
    Field.INCOME_YEARLY: ("income_yearly", "年收入", "annual_inc", "annual_income", "yearly income"),
    Field.BIRTH_ON: ("birth_on", "出生日期", "生日", "出生年月日", "birth_date", "birthday", "date of birth", "dob"),
    Field.SEX: ("sex", "性别", "gender"),
    Field.MARITAL: ("marital", "婚姻状况", "婚姻", "marital_status", "marriage"),
    Field.EDUCATION: ("education", "学历", "教育程度", "文化程度", "education_level"),
    Field.ADDRESS: (
        "address", "家庭地址", "居住地址", "现住址", "住址", "地址", "户籍地址", "户籍", "home_address",
    ),
    Field.EMAIL: ("email", "邮箱", "电子邮箱", "电子邮件", "e-mail", "mail"),
    Field.PREFERRED_TIME: ("preferred_time", "方便接听时间", "联系时间", "方便联系时间", "best time"),
    Field.DELAY_REASON: ("delay_reason", "逾期原因", "拖欠原因", "reason_for_delay"),
}  # fmt: skip
_CONTRACT: Aliases = {
    Field.RATE: ("rate", "利率", "年利率", "贷款利率", "年化利率", "int_rate", "annual_rate", "interest rate"),
    Field.PENALTY_RATE: ("penalty_rate", "罚息利率", "逾期利率", "罚息年利率"),
    Field.TERM: ("term", "期限", "期数", "贷款期限", "总期数", "分期期数", "还款期数", "periods", "term months"),
    Field.METHOD: ("method", "还款方式", "repayment_method"),
    Field.DISBURSED_ON: (
        "disbursed_on", "放款时间", "放款日期", "贷款日期", "放款日", "借款日期", "issue_d", "disbursement date",
    ),
    Field.FIRST_DUE_ON: (
        "first_due_on", "首次还款日", "首期还款日", "首个还款日", "首还款日", "first_due_date", "first payment date",
    ),
    Field.GRACE_DAYS: ("grace_days", "宽限期", "宽限天数", "宽限期天数", "grace period"),
}  # fmt: skip
_APPLICATION: Aliases = {
    Field.APPLIED_ON: ("applied_on", "申请日期", "申请时间", "进件日期", "application_date", "apply date"),
}
_REPAYMENT: Aliases = {
    Field.INSTALMENT_NO: (
        "instalment_no", "期数", "期次", "期号", "当前期数", "第几期", "installment_no", "instalment", "installment",
        "period",
    ),
    Field.DUE_ON: (
        "due_on", "应还款时间", "应还日期", "应还款日", "应还款日期", "到期日", "还款日", "due_date", "due date",
    ),
    Field.DUE_AMOUNT: ("due_amount", "应还金额", "应还总额", "本期应还", "amount due", "scheduled amount"),
    Field.DUE_PRINCIPAL: ("due_principal", "应还本金", "本期本金", "本金", "principal"),
    Field.DUE_INTEREST: ("due_interest", "应还利息", "本期利息", "利息", "interest"),
    Field.DUE_FEE: ("due_fee", "应还费用", "服务费", "手续费", "费用", "fee"),
    Field.DUE_PENALTY: ("due_penalty", "应还罚息", "罚息", "违约金", "滞纳金", "penalty"),
    Field.PAID_AMOUNT: (
        "paid_amount", "实还金额", "还款金额", "实际还款金额", "已还金额", "金额", "payment amount",
        "amount paid", "amount",
    ),
    Field.PAID_AT: (
        "paid_at", "实际还款时间", "实还日期", "还款时间", "还款日期", "实际还款日期", "paid_on", "payment_date",
        "date",
    ),
    Field.TXN_ID: ("txn_id", "流水号", "交易流水号", "还款流水号", "交易号", "transaction_id", "payment_id", "txn no"),
    Field.CHANNEL: ("channel", "还款渠道", "渠道", "支付方式", "还款途径", "payment channel"),
}  # fmt: skip
_SCORE: Aliases = {
    Field.SCORE: (
        "score", "信用评分", "评分", "信用分", "分数", "fico_range_low", "creditscore", "credit_score", "fico",
    ),
    Field.MODEL: ("model", "评分模型", "模型", "模型名称", "评分卡", "score_model"),
    Field.SCORED_AT: ("scored_at", "评分日期", "评分时间", "打分日期", "score_date", "scored_on", "date"),
    Field.REASONS: ("reasons", "评分原因", "主要原因", "原因代码", "reason codes", "score reasons"),
}  # fmt: skip
_CONTACT: Aliases = {
    Field.CONTACT_NAME: ("contact_name", "联系人姓名", "联系人", "联系人1姓名", "contact1_name", "contact"),
    Field.RELATION: (
        "relation", "关系", "联系人关系", "与借款人关系", "联系方式类型", "号码类型", "relationship", "type",
    ),
    Field.PHONE_STATE: ("phone_state", "号码状态", "状态", "有效性", "state", "status", "validity"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a kind of file holds."""

    kind: Kind
    aliases: Aliases
    required: tuple[tuple[Field, ...], ...]
    """Of each group at least one column."""

    @property
    def always(self) -> frozenset[Field]:
        """Fields without which a row is no row."""
        return frozenset(group[0] for group in self.required if len(group) == 1)


def _only(aliases: Aliases, *fields: Field) -> Aliases:
    return {field: aliases[field] for field in fields}


_A_CONTACTS_PHONE: Aliases = {
    **_NUMBERS,
    Field.PHONE: (*_NUMBERS[Field.PHONE], "联系方式", "号码", "联系号码", "number"),
    Field.CONTACT_PHONE: (*_NUMBERS[Field.CONTACT_PHONE], "contact_number"),
}
_PERSONS_ID = (Field.ACCOUNT_NO, Field.DEBTOR_KEY, Field.ID_NO)

SCHEMAS: Mapping[Kind, Schema] = {
    Kind.ACCOUNTS: Schema(
        kind=Kind.ACCOUNTS,
        aliases={**_WHO, **_NUMBERS, **_DEBT, **_PERSON, **_CONTRACT},
        required=((Field.ACCOUNT_NO,), (Field.DEBTOR_NAME,), (Field.PHONE,), (Field.AMOUNT_DUE,)),
    ),
    Kind.APPLICATIONS: Schema(
        kind=Kind.APPLICATIONS,
        aliases={
            **_WHO,
            **_NUMBERS,
            **_PERSON,
            **_CONTRACT,
            **_APPLICATION,
            **_only(_DEBT, Field.PRINCIPAL, Field.PRODUCT),
        },
        required=(_PERSONS_ID, (Field.DEBTOR_NAME,)),
    ),
    Kind.REPAYMENTS: Schema(
        kind=Kind.REPAYMENTS,
        aliases={**_only(_WHO, Field.ACCOUNT_NO, Field.CLIENT, Field.DEBTOR_NAME), **_REPAYMENT},
        required=((Field.ACCOUNT_NO,), (Field.DUE_ON, Field.PAID_AMOUNT)),
    ),
    Kind.SCORES: Schema(
        kind=Kind.SCORES,
        aliases={**_WHO, **_SCORE, **_only(_DEBT, Field.RISK)},
        required=(_PERSONS_ID, (Field.SCORE, Field.RISK)),
    ),
    Kind.CONTACTS: Schema(
        kind=Kind.CONTACTS,
        aliases={**_WHO, **_A_CONTACTS_PHONE, **_CONTACT, **_only(_PERSON, Field.ADDRESS, Field.EMAIL)},
        required=(_PERSONS_ID, (Field.PHONE, Field.CONTACT_PHONE, Field.GUARANTOR_PHONE)),
    ),
}
ACCOUNTS = SCHEMAS[Kind.ACCOUNTS]
ALIASES = ACCOUNTS.aliases
"""Of the list of accounts, which is what a file is unless somebody says otherwise."""
REQUIRED = tuple(group[0] for group in ACCOUNTS.required)
