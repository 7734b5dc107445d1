{# Gift cards are no goods and are left out. Where prices include tax, it is taken out, as in the order's lines. #}
{%- set amount = '.shopMoney.amount' -%}
with

told as (
    select
        account_id,
        load_id,
        latest.record.taxesIncluded = 'true' as is_tax_included,
        {{ explode('latest.record.refunds') }} as refund
    from {{ ref('base_shopify__orders') }} as latest
),

lines as (
    select
        account_id,
        load_id,
        is_tax_included,
        told.refund.legacyResourceId as refund_id,
        {{ explode('told.refund.refundLineItems.nodes') }} as line
    from told
)

select
    'shopify' as platform,
    lines.account_id,
    account.store_id,
    refund_id,
    replace(lines.line.lineItem.id, 'gid://shopify/LineItem/', '') as line_id,
    {{ money('lines.line.subtotalSet' ~ amount) }}
        - case when is_tax_included then coalesce({{ money('lines.line.totalTaxSet' ~ amount) }}, 0) else 0 end as refund_goods,
    {{ money('lines.line.quantity') }} as quantity,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
where coalesce(lines.line.lineItem.isGiftCard, '') <> 'true'
