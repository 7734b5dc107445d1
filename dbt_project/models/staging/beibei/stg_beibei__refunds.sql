{#- Statuses: public Beibei integrations, `status`. -#}
{%- set states = {'1': 'processing', '2': 'success', '3': 'closed'} -%}

with

refunds as (
    select
        account_id,
        record_key as refund_id,
        latest.record.oid as order_id,
        {# The refund names the item (`iid`) and not the SKU, which is the line's id; the marts find the line by its item. #}
        nullif(nullif(latest.record.iid, ''), '0') as line_id,
        {{ translate('latest.record.status', states) }} as refund_state,
        {{ local_time('latest.record.create_time', "'Asia/Shanghai'") }} as requested_at,
        success_seen_at,
        {{ money('latest.record.refund_fee') }} as refund_amount,
        latest.record.reason as reason,
        load_id
    from {{ ref('base_beibei__refunds') }} as latest
)

select
    'beibei' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    line_id,
    refund_state,
    'other' as refund_type,
    requested_at,
    case when refund_state = 'success' then success_seen_at end as refunded_at,
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
