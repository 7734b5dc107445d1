{#- Statuses: public Kaola integrations, `refund_status_detail`. `refund_type` 0 is with a return of the goods, 1 without. -#}
{%- set states = {
    '1': 'requested',
    '2': 'processing',
    '3': 'processing',
    '4': 'processing',
    '5': 'processing',
    '6': 'processing',
    '7': 'processing',
    '8': 'closed',
    '9': 'closed',
    '10': 'success',
    '11': 'requested',
    '12': 'processing',
    '13': 'processing',
    '14': 'closed',
    '15': 'processing',
} -%}

with

refunds as (
    select
        account_id,
        record_key as refund_id,
        latest.record.order_id as order_id,
        {{ translate('latest.record.refund_status_detail', states) }} as refund_state,
        {{ translate('latest.record.refund_type', {'0': 'return_refund', '1': 'refund_only'}) }} as refund_type,
        {{ local_time('latest.record.refund_create_time', "'Asia/Shanghai'") }} as requested_at,
        success_seen_at,
        first_seen_at,
        {{ money('latest.record.refund_fee') }} as refund_amount,
        {# An order line has its SKU's key. A refund of several SKUs names none, or the marts would charge one line with the money of all. #}
        case
            when {{ array_length('latest.record.refund_skus') }} = 1
                then nullif({{ first_of('latest.record.refund_skus') }}.sku_key, '')
        end as line_id,
        latest.record.refund_reason as reason,
        load_id
    from {{ ref('base_kaola__refunds') }} as latest
)

select
    'kaola' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    refund_type,
    requested_at,
    {#
      A refund that was done already in its first read succeeded between its application and that read. It takes the application's time:
      otherwise a back-fill would put all old refunds on its own day.
    #}
    case
        when refund_state <> 'success' then null
        when success_seen_at = first_seen_at then coalesce(requested_at, success_seen_at)
        else success_seen_at
    end as refunded_at,
    refund_amount,
    {{ null_as('decimal(18, 4)') }} as refund_goods,
    {{ null_as('decimal(18, 4)') }} as refund_shipping,
    {{ null_as('decimal(18, 4)') }} as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    account.currency,
    load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
