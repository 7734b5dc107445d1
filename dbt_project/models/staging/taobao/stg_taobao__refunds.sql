{#- Statuses: TOP documentation, `refund.status`. -#}
{%- set states = {
    'WAIT_SELLER_AGREE': 'requested',
    'WAIT_BUYER_RETURN_GOODS': 'processing',
    'WAIT_SELLER_CONFIRM_GOODS': 'processing',
    'SELLER_REFUSE_BUYER': 'processing',
    'WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS': 'processing',
    'EXCHANGE_TRANSFORM_TO_REFUND': 'processing',
    'WAIT_SELLER_CONSIGN_GOODS': 'processing',
    'CLOSED': 'closed',
    'SUCCESS': 'success',
} -%}
{%- set postage_only = "(latest.record.reason like '%运费%' or latest.record.reason like '%邮费%')" %}

select
    'taobao' as platform,
    latest.account_id,
    account.store_id,
    latest.record_key as refund_id,
    nullif(nullif(latest.record.tid, ''), '0') as order_id,
    nullif(nullif(latest.record.oid, ''), '0') as line_id,
    {{ translate('latest.record.status', states) }} as refund_state,
    case
        when latest.record.dispute_type in ('TMALL_EXCHANGE', 'TAOBAO_EXCHANGE') then 'exchange'
        when latest.record.dispute_type in ('REPAIR', 'RESHIPPING', 'OTHERS') then 'other'
        when latest.record.dispute_type = 'REFUND_AND_RETURN' or latest.record.has_good_return = 'true' then 'return_refund'
        when latest.asked_unshipped_at is not null then 'before_shipment'
        when coalesce(latest.record.dispute_type, 'REFUND') = 'REFUND' then 'refund_only'
        else 'unknown'
    end as refund_type,
    {{ local_time('latest.record.created', "'Asia/Shanghai'") }} as requested_at,
    case
        when latest.record.status = 'SUCCESS'
            then coalesce({{ local_time('latest.record.end_time', "'Asia/Shanghai'") }}, latest.success_seen_at)
    end as refunded_at,
    {{ money('latest.record.refund_fee') }} as refund_amount,
    {# The vendor does not split a refund into goods and postage. Only the reason tells if it is of the postage alone. #}
    case when {{ postage_only }} then cast(0 as decimal(18, 4)) end as refund_goods,
    case when {{ postage_only }} then {{ money('latest.record.refund_fee') }} end as refund_shipping,
    case when {{ postage_only }} then cast(0 as decimal(18, 4)) end as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    latest.record.reason as reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    latest.load_id
from {{ ref('base_taobao__refunds') }} as latest
left join {{ source('raw_daybook', 'accounts') }} as account
    on latest.account_id = account.account_id
