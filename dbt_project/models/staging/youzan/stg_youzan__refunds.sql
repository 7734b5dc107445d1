{#- Statuses: Youzan Cloud, `youzan.trade.refund.search` 3.0.1, `status`. -#}
{%- set states = {
    'WAIT_SELLER_AGREE': 'requested',
    'WAIT_BUYER_RETURN_GOODS': 'processing',
    'WAIT_SELLER_CONFIRM_GOODS': 'processing',
    'SELLER_REFUSE_BUYER': 'processing',
    'SELLER_REFUSE_BUYER_RETURN_GOODS': 'processing',
    'SELLER_RETURN_GOODS': 'processing',
    'CUSTOMER_SERVICE_IN': 'processing',
    'CLOSED': 'closed',
    'SUCCESS': 'success',
} -%}

with

refunds as (
    select
        account_id,
        record_key as refund_id,
        latest.record.tid as order_id,
        {# `oid` is the first line of the refund. Of several none is named: the marts would charge the first with the money of all. #}
        case
            when {{ array_length('latest.record.detail.refund_order_item') }} < 2
                then nullif(nullif(latest.record.detail.oid, ''), '0')
        end as line_id,
        {{ translate('latest.record.status', states) }} as refund_state,
        case
            when latest.record.detail.demand = '3' then 'exchange'
            when latest.record.detail.demand = '2' or latest.record.return_goods = 'true' then 'return_refund'
            when latest.record.detail.demand = '1' or latest.record.return_goods = 'false' then 'refund_only'
            else 'other'
        end as refund_type,
        {{ local_time('latest.record.created', "'Asia/Shanghai'") }} as requested_at,
        {{ local_time('latest.record.detail.refund_success_time', "'Asia/Shanghai'") }} as success_time,
        success_seen_at,
        {{ money('latest.record.refund_fee') }} as refund_amount,
        {{ money('latest.record.detail.refund_postage') }} as postage,
        {{ array_sum('latest.record.detail.refund_order_item', 'part', money('part.item_num')) }} as pieces,
        latest.record.reason as reason,
        disputed_at is not null as is_disputed,
        load_id
    from {{ ref('base_youzan__refunds') }} as latest
)

select
    'youzan' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then coalesce(success_time, success_seen_at) end as refunded_at,
    refund_amount,
    cast(refund_amount - postage as decimal(18, 4)) as refund_goods,
    cast(postage as decimal(18, 4)) as refund_shipping,
    case when postage is not null then cast(0 as decimal(18, 4)) end as refund_tax,
    {# Goods sold by weight have no number of pieces. #}
    cast(case when refund_type = 'return_refund' then nullif(pieces, 0) end as decimal(18, 4)) as quantity,
    reason,
    is_disputed,
    {# The vendor does not say who decided a dispute. #}
    case when not is_disputed then false end as is_platform_decided,
    account.currency,
    load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
