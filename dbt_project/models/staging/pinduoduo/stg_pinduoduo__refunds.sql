{#- Statuses: Pinduoduo documentation, `after_sales_status`. -#}
{%- set states = {
    '0': 'closed',
    '2': 'requested',
    '3': 'requested',
    '4': 'processing',
    '5': 'processing',
    '6': 'processing',
    '7': 'processing',
    '8': 'processing',
    '9': 'closed',
    '10': 'success',
    '11': 'closed',
    '12': 'closed',
    '13': 'closed',
    '14': 'processing',
    '15': 'processing',
    '16': 'success',
    '17': 'closed',
    '18': 'processing',
    '21': 'requested',
    '22': 'processing',
    '24': 'closed',
    '25': 'success',
    '27': 'processing',
    '31': 'processing',
    '32': 'processing',
    '33': 'processing',
} -%}
{#- `after_sales_type` as the list numbers it; `pdd.refund.information.get` has other numbers for the same. -#}
{%- set types = {'2': 'refund_only', '3': 'return_refund', '4': 'exchange', '5': 'other', '6': 'other'} -%}

with

after_sales as (
    select
        account_id,
        record_key as refund_id,
        latest.record.order_sn as order_id,
        latest.record.sku_id as line_id,
        {{ translate('latest.record.after_sales_status', states) }} as refund_state,
        {{ translate('latest.record.after_sales_type', types) }} as refund_type,
        {# The list has the time as epoch seconds or as a wall clock in China. #}
        coalesce(
            {{ epoch_time('latest.record.created_time') }},
            {{ local_time('latest.record.created_time', "'Asia/Shanghai'") }}
        ) as requested_at,
        success_seen_at,
        {{ money('latest.record.refund_amount') }} as refund_amount,
        {{ money('latest.record.goods_number') }} as quantity,
        latest.record.after_sale_reason as reason,
        {# Kept from all versions: status 8 with the platform, 5 and 9 decided by it; `dispute_refund_status` 1 is a refund by a dispute. #}
        disputed_at is not null as is_disputed,
        decided_at is not null as is_platform_decided,
        load_id
    from {{ ref('base_pinduoduo__refunds') }} as latest
)

select
    'pinduoduo' as platform,
    after_sales.account_id,
    account.store_id,
    refund_id,
    order_id,
    nullif(nullif(line_id, ''), '0') as line_id,
    refund_state,
    refund_type,
    requested_at,
    case when refund_state = 'success' then success_seen_at end as refunded_at,
    {# Exchange, reshipment and repair give no money back. #}
    case when refund_type in ('exchange', 'other') then cast(0 as decimal(18, 4)) else refund_amount end as refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {# `goods_number` is how many pieces the line has. They come back only in a return. #}
    case when refund_type = 'return_refund' then quantity end as quantity,
    reason,
    is_disputed,
    is_platform_decided,
    account.currency,
    load_id
from after_sales
left join {{ source('raw_daybook', 'accounts') }} as account
    on after_sales.account_id = account.account_id
